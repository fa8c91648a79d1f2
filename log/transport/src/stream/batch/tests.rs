//! That a batch reads back as itself, and that nothing else is read.

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
    let batch = encode([&example(2), &example(2)], None);
    assert_eq!(batch, expected);
    assert_eq!(decode(&batch, None), Ok(vec![example(2), example(2)]));
}

#[test]
fn a_batch_is_bounded_in_events_and_in_bytes() {
    let (small, large) = (example(0).to_canonical(), example(MAX_BATCH_BYTES / 3).to_canonical());
    for (event, most) in [(small, MAX_BATCH_EVENTS), (large, 2)] {
        let mut batch = BatchBuilder::new(None);
        let mut events = 0;
        while batch.has_room_for(event.len()) {
            batch.push(&event);
            events += 1;
        }
        assert_eq!(events, most);
    }
    assert!(BatchBuilder::new(None).has_room_for(2 * MAX_BATCH_BYTES), "a large one goes alone");
}

#[test]
fn what_is_not_wholly_a_batch_is_none_of_it() {
    let batch = encode([&example(2), &example(3)], None);
    let second = batch.len() - example(3).to_canonical().len() - LENGTH;
    for end in (0..batch.len()).filter(|end| *end != second) {
        assert!(decode(&batch[..end], None).is_err(), "{end}");
    }
    assert_eq!(decode(&[], None), Err(BatchError::Empty));
    assert_eq!(decode(&[UNSIGNED], None), Err(BatchError::Empty));
    assert_eq!(decode(&[9, 0], None), Err(BatchError::UnknownVersion(9)));
}

fn seal(keys: &str) -> Seal {
    let keys = keys.parse().unwrap();
    Seal { keys, subject: Subject::TrafficBatch { part: 0 } }
}

fn key(secret: u8) -> String {
    crate::log_key::spell([secret; 32])
}

#[test]
fn a_signed_batch_is_read_by_who_has_its_key_and_by_who_has_none() {
    let batch = encode([&example(2)], Some(seal(&key(1))));
    let (same, both) = (seal(&key(1)), seal(&format!("{},{}", key(2), key(1))));
    for known in [None, Some(&same), Some(&both)] {
        assert_eq!(decode(&batch, known), Ok(vec![example(2)]));
    }
    let other = decode(&batch, Some(&seal(&key(2))));
    assert!(matches!(other, Err(BatchError::NotAuthentic(NotAuthentic::UnknownKey(_)))));
}

#[test]
fn who_has_a_key_reads_nothing_unsigned_and_nothing_of_another_subject() {
    let unsigned = encode([&example(2)], None);
    let refused = Err(BatchError::NotAuthentic(NotAuthentic::Unsigned));
    assert_eq!(decode(&unsigned, Some(&seal(&key(1)))), refused);
    let elsewhere = Seal { subject: Subject::WorkersBatch { part: 0 }, ..seal(&key(1)) };
    let batch = encode([&example(2)], Some(elsewhere));
    let refused = Err(BatchError::NotAuthentic(NotAuthentic::Forged));
    assert_eq!(decode(&batch, Some(&seal(&key(1)))), refused);
}

proptest! {
    #[test]
    fn no_byte_of_a_signed_batch_can_be_changed(at: prop::sample::Index, by in 1_u8..) {
        let seal = seal(&key(1));
        let mut batch = encode([&example(2), &example(3)], Some(seal.clone())).to_vec();
        let at = at.index(batch.len());
        batch[at] ^= by;
        prop_assert!(decode(&batch, Some(&seal)).is_err());
    }

    #[test]
    fn a_signed_batch_reads_back_as_itself(events in vec(any_event(), 1..20)) {
        let seal = seal(&key(1));
        prop_assert_eq!(decode(&encode(&events, Some(seal.clone())), Some(&seal)), Ok(events));
    }

    #[test]
    fn a_batch_reads_back_as_itself(events in vec(any_event(), 1..20)) {
        prop_assert_eq!(decode(&encode(&events, None), None), Ok(events));
    }

    #[test]
    fn foreign_bytes_are_read_or_refused(mut bytes: Vec<u8>, ours: bool) {
        if ours {
            bytes.insert(0, UNSIGNED);
        }
        if let Ok(events) = decode(&bytes, None) {
            prop_assert_eq!(encode(&events, None), bytes);
        }
    }

    #[test]
    fn a_batch_with_a_changed_byte_is_read_or_refused(at: prop::sample::Index, byte: u8) {
        let mut batch = encode([&example(2), &example(3)], None).to_vec();
        let at = at.index(batch.len());
        batch[at] = byte;
        if let Ok(events) = decode(&batch, None) {
            prop_assert_eq!(encode(&events, None), batch);
        }
    }
}
