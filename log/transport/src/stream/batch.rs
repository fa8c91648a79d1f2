//! A message of TRAFFIC or WORKERS: events of one writer, in order, appended and acknowledged together.
//!
//! A version byte; then each event's canonical bytes, with their length before them: four bytes, the highest first.
//! A version that authenticates a batch puts its code between the version byte and the first event.

use bytes::{BufMut, Bytes};
use uplion_domain::wire::{Encoded, canonical::CanonicalError};

const VERSION: u8 = 1;
/// Before each event: its length.
const LENGTH: usize = 4;

/// One more goes into the next message.
pub const MAX_BATCH_EVENTS: usize = 1_024;
/// Half of what nats-server lets through as one message by default; more goes into the next message.
pub const MAX_BATCH_BYTES: usize = 512 << 10;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("a batch of version {0} is from a later version than this")]
    UnknownVersion(u8),
    #[error("a batch without events")]
    Empty,
    #[error("a batch is cut off")]
    Truncated,
    #[error("event {index} of a batch cannot be read")]
    Event { index: usize, source: CanonicalError },
}

/// A message's payload while it is put together.
#[derive(Debug)]
pub struct BatchBuilder {
    payload: Vec<u8>,
    events: usize,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self { payload: vec![VERSION], events: 0 }
    }
}

impl BatchBuilder {
    /// Whether an event of so many canonical bytes still goes into this message. The first one always does.
    pub fn has_room_for(&self, event: usize) -> bool {
        let fits = self.payload.len() + LENGTH + event <= MAX_BATCH_BYTES;
        self.events == 0 || (self.events < MAX_BATCH_EVENTS && fits)
    }

    /// An event, as canonical bytes.
    pub fn push(&mut self, event: &[u8]) {
        let length = u32::try_from(event.len()).expect("no event takes four gigabytes");
        self.payload.put_u32(length);
        self.payload.extend_from_slice(event);
        self.events += 1;
    }

    pub fn build(self) -> Bytes {
        self.payload.into()
    }
}

/// All of these as one message, however many.
pub fn encode<'a>(events: impl IntoIterator<Item = &'a Encoded>) -> Bytes {
    let mut batch = BatchBuilder::default();
    for event in events {
        batch.push(&event.to_canonical());
    }
    batch.build()
}

/// At least one event. Whatever is wrong with one of them is wrong with the whole message.
pub fn decode(payload: &[u8]) -> Result<Vec<Encoded>, BatchError> {
    let (version, mut rest) = payload.split_first().ok_or(BatchError::Empty)?;
    if *version != VERSION {
        return Err(BatchError::UnknownVersion(*version));
    }
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<LENGTH>().ok_or(BatchError::Truncated)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (event, after) = after.split_at_checked(length).ok_or(BatchError::Truncated)?;
        let index = events.len();
        let event = Encoded::from_canonical(event);
        events.push(event.map_err(|source| BatchError::Event { index, source })?);
        rest = after;
    }
    if events.is_empty() { Err(BatchError::Empty) } else { Ok(events) }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};
    use uplion_domain::{EventId, Timestamp};

    use super::*;

    prop_compose! {
        fn any_event()(
            id: String, kind: String, at: i64, traceparent in option::of(any::<String>()),
            actor in option::of(any::<String>()), request_id in option::of(any::<String>()), payload: Vec<u8>,
        ) -> Encoded {
            let (id, at) = (EventId::known(id), Timestamp::from_micros(at));
            Encoded { id, kind, at, traceparent, actor, request_id, payload }
        }
    }

    fn example(payload: usize) -> Encoded {
        let (id, at) = (EventId::known("evt_7"), Timestamp::from_micros(258));
        let (traceparent, actor, request_id) = (None, None, None);
        let payload = vec![b' '; payload];
        Encoded { id, kind: "uplion.a.v1".into(), at, traceparent, actor, request_id, payload }
    }

    #[test]
    fn a_batch_has_the_same_bytes_for_ever() {
        let event = example(2).to_canonical();
        let length = u32::try_from(event.len()).unwrap().to_be_bytes();
        let expected = [&[1], &length[..], &event, &length, &event].concat();
        let batch = encode([&example(2), &example(2)]);
        assert_eq!(batch, expected);
        assert_eq!(decode(&batch), Ok(vec![example(2), example(2)]));
    }

    #[test]
    fn a_batch_is_bounded_in_events_and_in_bytes() {
        let (small, large) =
            (example(0).to_canonical(), example(MAX_BATCH_BYTES / 3).to_canonical());
        for (event, most) in [(small, MAX_BATCH_EVENTS), (large, 2)] {
            let mut batch = BatchBuilder::default();
            let mut events = 0;
            while batch.has_room_for(event.len()) {
                batch.push(&event);
                events += 1;
            }
            assert_eq!(events, most);
        }
        assert!(
            BatchBuilder::default().has_room_for(2 * MAX_BATCH_BYTES),
            "a large one goes alone"
        );
    }

    #[test]
    fn what_is_not_wholly_a_batch_is_none_of_it() {
        let batch = encode([&example(2), &example(3)]);
        let second = batch.len() - example(3).to_canonical().len() - LENGTH;
        for end in (0..batch.len()).filter(|end| *end != second) {
            assert!(decode(&batch[..end]).is_err(), "{end}");
        }
        assert_eq!(decode(&[]), Err(BatchError::Empty));
        assert_eq!(decode(&[VERSION]), Err(BatchError::Empty));
        assert_eq!(decode(&[9, 0]), Err(BatchError::UnknownVersion(9)));
    }

    proptest! {
        #[test]
        fn a_batch_reads_back_as_itself(events in vec(any_event(), 1..20)) {
            prop_assert_eq!(decode(&encode(&events)), Ok(events));
        }

        #[test]
        fn foreign_bytes_are_read_or_refused(mut bytes: Vec<u8>, ours: bool) {
            if ours {
                bytes.insert(0, VERSION);
            }
            if let Ok(events) = decode(&bytes) {
                prop_assert_eq!(encode(&events), bytes);
            }
        }

        #[test]
        fn a_batch_with_a_changed_byte_is_read_or_refused(at: prop::sample::Index, byte: u8) {
            let mut batch = encode([&example(2), &example(3)]).to_vec();
            let at = at.index(batch.len());
            batch[at] = byte;
            if let Ok(events) = decode(&batch) {
                prop_assert_eq!(encode(&events), batch);
            }
        }
    }
}
