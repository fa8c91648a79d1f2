//! What both stores ask of a batch before they take it into the archive.

use uplion_domain::{Envelope, EventId, Nanos, RequestId, wire::Encoded};
use uplion_log_transport::stream::{Record, StreamName};
use uuid::Uuid;

use crate::{StoreError, archive::Tail};

/// How far a stream was archived is noted for each minute.
pub const MINUTE_MICROS: i64 = 60_000_000;
/// A charge that reaches its stream later than this after its deadline has no effect: what was set aside for it may
/// have been given to others.
const LATENESS_MICROS: i64 = 60_000_000;

/// Whether the batch begins right behind `from`, has no holes, and holds whole messages as far as it can tell.
pub fn continues(from: Tail, batch: &[Record]) -> Result<(), StoreError> {
    let (mut sequence, mut index) = (from.sequence, u32::MAX);
    for record in batch {
        let follows = record.sequence == sequence + 1 && record.index == 0;
        let goes_on = record.sequence == sequence && Some(record.index) == index.checked_add(1);
        if !follows && !goes_on {
            let (found, of) = (record.sequence, record.index);
            return Err(StoreError::Refused(format!(
                "what comes behind {sequence} is missing before {found}, event {of}"
            )));
        }
        (sequence, index) = (record.sequence, record.index);
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

/// Whether the event is a charge that came too late, by the stream's own time.
pub fn is_late(record: &Record) -> bool {
    const SETTLED: &str = "uplion.request.settled.";
    if !record.event.kind.starts_with(SETTLED) {
        return false;
    }
    let Ok(envelope) = Envelope::decode(&record.event) else { return false };
    let Some(settled) = envelope.event.as_settled() else { return false };
    let last = settled.deadline.map(|deadline| deadline.micros().saturating_add(LATENESS_MICROS));
    settled.charge != Nanos::ZERO && last.is_some_and(|last| record.appended_at.micros() > last)
}

/// The request whose settlement the event takes back.
pub fn takes_back(event: &Encoded) -> Option<RequestId> {
    const REVERSED: &str = "uplion.request.reversed.";
    event.kind.starts_with(REVERSED).then(|| event.id.request()).flatten()
}

/// Whether `reversed` takes back exactly this settlement. What a later version wrote is believed.
pub fn is_reversal_of(settled: &Encoded, reversed: &Encoded) -> bool {
    let (Ok(settled), Ok(reversed)) = (Envelope::decode(settled), Envelope::decode(reversed))
    else {
        return true;
    };
    match (settled.event.as_settled(), reversed.event.as_reversed()) {
        (Some(settled), Some(reversed)) => settled.reverse(reversed.at) == *reversed,
        (Some(_) | None, _) => false,
    }
}

pub fn stream(name: &str) -> Result<StreamName, StoreError> {
    let known = StreamName::ALL.into_iter().find(|stream| stream.as_str() == name);
    known.ok_or_else(|| StoreError::Unreadable(format!("{name} is not a stream of ours")))
}

/// The id of an event of no request, in two parts, of which the first is short and grows with time. Together they say all of it.
pub fn parts(event: &EventId) -> (Uuid, &str) {
    const FRESH: &str = "evt_";
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
        let ids = [
            EventId::fresh(uuid),
            EventId::known("evt_7"),
            EventId::known("settled"),
            EventId::known("a:settled"),
        ];
        let parts: std::collections::HashSet<_> = ids.iter().map(parts).collect();
        assert_eq!(parts.len(), ids.len());
    }
}
