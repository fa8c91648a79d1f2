//! What both stores ask of a batch before they take it into the archive.

use uplion_domain::{EventId, RequestId};
use uplion_log_transport::stream::{Record, StreamName};

use crate::{StoreError, archive::Tail};

/// The time of archiving is noted once in so long: for purging streams that is exact enough.
pub const SLOT_MICROS: i64 = 10_000_000;
/// A month.
pub const SLOTS_KEPT: i64 = 31 * 24 * 360;

/// Whether the batch begins right behind `from` and has no holes.
pub fn continues(from: Tail, batch: &[Record]) -> Result<(), StoreError> {
    for (expected, record) in (from.sequence + 1..).zip(batch) {
        if record.sequence != expected {
            let found = record.sequence;
            return Err(StoreError::Refused(format!("event {expected} is missing before {found}")));
        }
    }
    Ok(())
}

/// Whether the archive of a stream, which ends at `tail`, may be continued from `from`.
pub fn continues_at(tail: Option<Tail>, from: Tail) -> bool {
    tail.is_none_or(|tail| {
        let same = tail.created == 0 || tail.created == from.created;
        same && tail.epoch == from.epoch && tail.sequence == from.sequence
    })
}

/// Events of a request are named after it.
pub fn request_of(event: &EventId) -> Option<RequestId> {
    let (request, _) = event.as_str().split_once(':')?;
    request.parse().ok()
}

pub fn stream(name: &str) -> Result<StreamName, StoreError> {
    let known = StreamName::ALL.into_iter().find(|stream| stream.as_str() == name);
    known.ok_or_else(|| StoreError::Unreadable(format!("{name} is not a stream of ours")))
}
