//! What both stores ask of a batch before they take it into the archive.

use uplion_domain::{EventId, RequestId};
use uplion_log_transport::stream::{Record, StreamName};

use uuid::Uuid;

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

/// An event id in two parts, of which the first is short and grows with time. Together they say all of it.
pub fn parts(event: &EventId) -> (Uuid, &str) {
    const FRESH: &str = "evt_";
    if let Some(request) = request_of(event)
        && let Some((_, what)) = event.as_str().split_once(':')
    {
        return (request.uuid(), what);
    }
    let fresh = event.as_str().strip_prefix(FRESH).filter(|uuid| uuid.len() == 32);
    match fresh.and_then(|uuid| Uuid::try_parse(uuid).ok()) {
        Some(uuid) => (uuid, FRESH),
        None => (Uuid::nil(), event.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ids_have_the_same_parts() {
        let uuid = Uuid::from_u128(7);
        let request = RequestId::new(uuid);
        let ids = [
            EventId::accepted(request),
            EventId::assigned(request, 1),
            EventId::assigned(request, 2),
            EventId::settled(request),
            EventId::fresh(uuid),
            EventId::known("evt_7"),
            EventId::known("settled"),
            EventId::known("a:settled"),
        ];
        let parts: std::collections::HashSet<_> = ids.iter().map(parts).collect();
        assert_eq!(parts.len(), ids.len());
        assert_eq!(request_of(&ids[3]), Some(request));
        assert_eq!(request_of(&ids[4]), None);
    }
}
