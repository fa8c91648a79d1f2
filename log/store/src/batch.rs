//! What both stores ask of a batch before they take it into the archive.

use uplion_domain::{Envelope, EventId, Nanos, RequestId, wire::Encoded};
use uplion_log_transport::stream::{Foreign, Record, StreamName};
use uuid::Uuid;

use crate::{StoreError, archive::Tail};

/// How far a stream was archived is noted for each minute.
pub const MINUTE_MICROS: i64 = 60_000_000;
/// A charge that reaches its stream later than this after its deadline has no effect: what was set aside for it may
/// have been given to others.
const LATENESS_MICROS: i64 = 60_000_000;

/// Whether the batch begins right behind `from`, has no holes, and holds whole messages as far as it can tell. A foreign
/// message is one that was read as a whole.
pub fn continues(from: Tail, batch: &[Record], foreign: &[Foreign]) -> Result<(), StoreError> {
    let mut places: Vec<(u64, u32)> =
        batch.iter().map(|record| (record.sequence, record.index)).collect();
    if !foreign.is_empty() {
        places.extend(foreign.iter().map(|foreign| (foreign.sequence, 0)));
        places.sort_unstable();
    }
    let (mut sequence, mut index) = (from.sequence, u32::MAX);
    for (found, of) in places {
        let follows = found == sequence + 1 && of == 0;
        let goes_on = found == sequence && Some(of) == index.checked_add(1);
        if !follows && !goes_on {
            return Err(StoreError::Refused(format!(
                "what comes behind {sequence} is missing before {found}, event {of}"
            )));
        }
        (sequence, index) = (found, of);
    }
    Ok(())
}

/// The last message of the batch; none if it is empty.
pub fn last(batch: &[Record], foreign: &[Foreign]) -> Option<u64> {
    let event = batch.last().map(|record| record.sequence);
    event.max(foreign.last().map(|foreign| foreign.sequence))
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
