//! What is set aside: kept beside the archive, which goes on behind it, and taken in after all where it proves to be ours.

use std::time::Duration;

use uplion_domain::Timestamp;
use uplion_log_store::{
    Store,
    archive::Tail,
    lease::Lease,
    quarantine::{Count, MAX_BYTES, Place, Quarantined},
};
use uplion_log_transport::stream::{Foreign, RawMessage, StreamName};

use crate::{
    archive::charged_at,
    events::{accepted, request, settled},
};

const TRAFFIC: StreamName = StreamName::Traffic;
const START: Tail = Tail { epoch: 1, created: 7, sequence: 0 };

crate::on_each!([
    a_message_is_set_aside_between_events_and_the_archive_goes_on
    what_is_dismissed_is_gone_and_counted_still
    what_proves_to_be_ours_is_taken_in_behind_the_stream_s_last_event
    a_settlement_that_was_set_aside_counts_by_the_time_at_which_it_came
    a_flood_is_kept_within_bounds
    what_a_text_may_not_hold_is_kept_all_the_same
]);

async fn lease(store: &Store) -> Lease {
    store.leases.take("projector", "a", Duration::from_mins(1)).await.unwrap().unwrap()
}

fn foreign(sequence: u64, payload: &[u8]) -> Foreign {
    let message = RawMessage {
        subject: "traffic.batch.0".into(),
        headers: vec![("ce-id".into(), "evt_1".into())],
        payload: payload.to_vec(),
    };
    let appended_at = Timestamp::from_micros(11);
    Foreign { sequence, appended_at, message, reason: "it is garbage".into() }
}

const fn place(sequence: u64) -> Place {
    Place { stream: TRAFFIC, epoch: 1, sequence }
}

async fn places(store: &Store) -> Vec<u64> {
    let all = store.quarantine.list(None, 1_000).await.unwrap();
    all.into_iter().map(|found| found.place.sequence).collect()
}

async fn a_message_is_set_aside_between_events_and_the_archive_goes_on(store: Store) {
    let lease = lease(&store).await;
    let events = [settled(2, request()), settled(4, request())];
    let garbage = [foreign(1, b"a"), foreign(3, b"\x00\xff"), foreign(5, b"")];
    let ingest = store.archive.ingest(&lease, TRAFFIC, START, &events, &garbage);
    assert_eq!(ingest.await.unwrap().head, 2);
    let tail = store.archive.tail(TRAFFIC).await.unwrap().unwrap();
    assert_eq!(tail.sequence, 5);
    let archived = store.archive.read(0, 9, false).await.unwrap();
    assert!(archived.iter().map(|it| (it.pos, it.sequence)).eq([(1, 2), (2, 4)]));
    assert_eq!(places(&store).await, [1, 3, 5]);
    let behind = store.quarantine.list(Some(place(1)), 1).await.unwrap();
    let Quarantined { place: found, reason, message, .. } = behind[0].clone();
    assert_eq!((found, reason.as_str()), (place(3), "it is garbage"));
    assert_eq!(message, Some(garbage[1].message.clone()));
    assert_eq!(store.quarantine.count(TRAFFIC).await.unwrap(), Count { kept: 3, seen: 3 });
    // With a message alone, and with one left out.
    let hole = store.archive.ingest(&lease, TRAFFIC, tail, &[], &[foreign(7, b"")]).await;
    assert!(hole.is_err(), "{hole:?}");
    store.archive.ingest(&lease, TRAFFIC, tail, &[], &[foreign(6, b"")]).await.unwrap();
    assert_eq!(store.archive.tail(TRAFFIC).await.unwrap().unwrap().sequence, 6);
}

async fn what_is_dismissed_is_gone_and_counted_still(store: Store) {
    let lease = lease(&store).await;
    let garbage = [foreign(1, b"a"), foreign(2, b"b")];
    store.archive.ingest(&lease, TRAFFIC, START, &[], &garbage).await.unwrap();
    assert!(store.quarantine.dismiss(place(1)).await.unwrap());
    assert!(!store.quarantine.dismiss(place(1)).await.unwrap());
    assert_eq!(store.quarantine.get(place(1)).await.unwrap(), None);
    assert_eq!(places(&store).await, [2]);
    assert_eq!(store.quarantine.count(TRAFFIC).await.unwrap(), Count { kept: 1, seen: 2 });
}

async fn what_proves_to_be_ours_is_taken_in_behind_the_stream_s_last_event(store: Store) {
    let lease = lease(&store).await;
    let (first, second) = (request(), request());
    let batch = [settled(1, first), settled(3, request())];
    store.archive.ingest(&lease, TRAFFIC, START, &batch, &[foreign(2, b"x")]).await.unwrap();
    let events = [accepted(2, second), settled(2, second), settled(2, first)];
    let admitted = store.quarantine.admit(place(2), &events).await.unwrap().unwrap();
    // The last of them had been archived by another message.
    assert_eq!((admitted.head, &admitted.effective[..]), (5, &[true, true, false][..]));
    assert_eq!(store.quarantine.admit(place(2), &events).await.unwrap(), None);
    let archived = store.archive.read(2, 9, false).await.unwrap();
    assert!(archived.iter().map(|it| (it.sequence, it.index)).eq([(3, 1), (3, 2), (3, 3)]));
    for it in &archived {
        assert_eq!(store.archive.position_of(it.cursor()).await.unwrap(), Some(it.pos));
    }
    // The stream goes on where it was.
    let tail = store.archive.tail(TRAFFIC).await.unwrap().unwrap();
    assert_eq!(tail.sequence, 3);
    store.archive.ingest(&lease, TRAFFIC, tail, &[settled(4, request())], &[]).await.unwrap();
    assert_eq!(store.archive.leaves(TRAFFIC).await.unwrap(), 6);
}

async fn a_settlement_that_was_set_aside_counts_by_the_time_at_which_it_came(store: Store) {
    let lease = lease(&store).await;
    store.archive.ingest(&lease, TRAFFIC, START, &[], &[foreign(1, b"x")]).await.unwrap();
    let (charged, late) = (charged_at(1, 59), charged_at(1, 61));
    let admitted = store.quarantine.admit(place(1), &[charged, late]).await.unwrap().unwrap();
    assert_eq!(admitted.effective, [true, false]);
}

async fn a_flood_is_kept_within_bounds(store: Store) {
    let lease = lease(&store).await;
    let large = vec![b'x'; 1 << 20];
    let garbage: Vec<_> = (1..=40).map(|sequence| foreign(sequence, &large)).collect();
    store.archive.ingest(&lease, TRAFFIC, START, &[], &garbage).await.unwrap();
    let kept = store.quarantine.list(None, 100).await.unwrap();
    assert_eq!(kept.len(), 40);
    let bytes: usize = kept.iter().filter_map(|it| Some(it.message.as_ref()?.payload.len())).sum();
    assert!(bytes as u64 <= MAX_BYTES && bytes as u64 > MAX_BYTES / 2, "{bytes}");
    assert!(kept[39].message.is_none());
    assert_eq!(kept[39].bytes, garbage[39].message.payload.len() as u64 + 10);
    // Room that is made is used again.
    assert!(store.quarantine.dismiss(place(1)).await.unwrap());
    let tail = Tail { sequence: 40, ..START };
    store.archive.ingest(&lease, TRAFFIC, tail, &[], &[foreign(41, &large)]).await.unwrap();
    let newest = store.quarantine.get(place(41)).await.unwrap().unwrap();
    assert!(newest.message.is_some());
}

async fn what_a_text_may_not_hold_is_kept_all_the_same(store: Store) {
    let lease = lease(&store).await;
    let mut garbage = foreign(1, b"x");
    garbage.message.subject = "\0".into();
    garbage.message.headers.push(("a\0".into(), "b\0".into()));
    garbage.reason = "zero \0 byte".into();
    store.archive.ingest(&lease, TRAFFIC, START, &[], &[garbage]).await.unwrap();
    let found = store.quarantine.get(place(1)).await.unwrap().unwrap();
    assert_eq!(found.subject, "\u{fffd}");
}
