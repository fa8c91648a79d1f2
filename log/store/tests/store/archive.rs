//! The archive: every event once, under one dense position, and what must not count is marked.

use std::{collections::HashSet, time::Duration};

use uplion_domain::{
    Envelope, Event, EventId, GatewayId, KeyId, Nanos, Operation, Rates, RequestId, Timestamp,
    Unit, Usage,
    cut::{Cut, Mark},
    price::{Pinned, Rule},
    request::{self, Accepted, Class, Labels, Outcome, Settled, Settlement, Size, Timings, Writer},
    subject::{AggregateId, Subject, TrafficKind},
    usage::Source,
};
use uplion_log_store::{
    Store,
    archive::{EventCursor, IngestError, Tail},
    event_query::{EventQuery, Order},
    lease::Lease,
};
use uplion_log_transport::stream::{Record, StreamName};

use uuid::Uuid;

use crate::events::{
    accepted, created, project, record as record_of, renamed, request, settled, traffic, unique,
};

const TRAFFIC: StreamName = StreamName::Traffic;
const CONTROL: StreamName = StreamName::Control;
const START: Tail = Tail { epoch: 1, created: 7, sequence: 0 };

crate::on_each!([
    what_is_archived_is_read_back_as_it_was
    two_streams_share_one_dense_position
    of_two_that_archive_the_same_batch_one_does
    a_batch_with_a_hole_or_elsewhere_is_refused
    only_the_first_event_under_an_id_is_effective
    an_event_is_recognised_again_in_another_epoch
    whoever_lost_the_lease_archives_nothing
    another_stream_is_continued_only_after_its_epoch_began
    a_batch_of_five_thousand_is_archived
    it_is_known_what_was_archived_when_and_in_which_epoch
    events_of_one_message_are_archived_with_their_index_and_counted
    an_event_is_found_by_where_it_came_from
    a_charge_that_comes_a_minute_after_its_deadline_has_no_effect
    a_settlement_is_taken_back_once_and_only_if_it_is_the_effective_one
    an_event_that_is_made_for_a_past_request_is_found_with_it_and_recognised_again
    of_what_is_archived_one_gets_what_one_wants_in_pages_either_way
]);

async fn lease(store: &Store) -> Lease {
    store.leases.take("projector", "a", Duration::from_mins(1)).await.unwrap().unwrap()
}

fn after(tail: Tail, batch: &[Record]) -> Tail {
    Tail { sequence: batch.last().unwrap().sequence, ..tail }
}

async fn what_is_archived_is_read_back_as_it_was(store: Store) {
    let lease = lease(&store).await;
    assert_eq!(store.archive.tail(TRAFFIC).await.unwrap(), None);
    assert_eq!(store.archive.head().await.unwrap(), 0);
    let request = request();
    let batch = vec![
        accepted(1, request),
        traffic(2, TrafficKind::Worker, EventId::fresh(unique())),
        settled(3, request),
    ];
    assert_eq!(store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]).await.unwrap().head, 3);
    assert_eq!(store.archive.tail(TRAFFIC).await.unwrap(), Some(after(START, &batch)));

    let archived = store.archive.read(0, 10, false).await.unwrap();
    let records: Vec<Record> = archived
        .iter()
        .map(|archived| Record {
            sequence: archived.sequence,
            index: archived.index,
            appended_at: batch[0].appended_at,
            subject: archived.subject.clone(),
            event: archived.event.clone(),
        })
        .collect();
    assert_eq!(records, batch);
    assert!(archived.iter().all(|archived| archived.stream == TRAFFIC && archived.epoch == 1));
    let of_request = store.archive.of_request(request).await.unwrap();
    assert_eq!(of_request.iter().map(|archived| archived.pos).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(store.archive.read(1, 1, true).await.unwrap(), archived[1..2]);
    assert_eq!(store.archive.read(3, 10, false).await.unwrap(), []);
}

async fn two_streams_share_one_dense_position(store: Store) {
    const BATCHES: u64 = 20;
    const EACH: u64 = 5;
    let lease = lease(&store).await;
    let ingest = async |stream| {
        let mut tail = START;
        for _ in 0..BATCHES {
            let next = tail.sequence + 1..=tail.sequence + EACH;
            let batch: Vec<_> = next.map(|sequence| settled(sequence, request())).collect();
            store.archive.ingest(&lease, stream, tail, &batch, &[]).await.unwrap();
            tail = after(tail, &batch);
        }
    };
    tokio::join!(ingest(TRAFFIC), ingest(CONTROL));
    let archived = store.archive.read(0, 1_000, false).await.unwrap();
    let positions: Vec<_> = archived.iter().map(|archived| archived.pos).collect();
    assert_eq!(positions, (1..=2 * BATCHES * EACH).collect::<Vec<_>>());
    for stream in [TRAFFIC, CONTROL] {
        let of_stream = archived.iter().filter(|archived| archived.stream == stream);
        let sequences: Vec<_> = of_stream.map(|archived| archived.sequence).collect();
        assert_eq!(sequences, (1..=BATCHES * EACH).collect::<Vec<_>>());
    }
}

async fn of_two_that_archive_the_same_batch_one_does(store: Store) {
    let lease = lease(&store).await;
    let batch = [settled(1, request())];
    let attempts = (0..10).map(|_| store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]));
    let outcomes = futures::future::join_all(attempts).await;
    let moved =
        |outcome: &Result<_, _>| matches!(outcome, Err(IngestError::Moved { stream: TRAFFIC }));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| moved(outcome)).count(), 9);
    assert_eq!(store.archive.head().await.unwrap(), 1);
}

async fn a_batch_with_a_hole_or_elsewhere_is_refused(store: Store) {
    let lease = lease(&store).await;
    let hole = [settled(1, request()), settled(3, request())];
    let elsewhere = [settled(2, request())];
    for batch in [&hole[..], &elsewhere[..]] {
        let refused = store.archive.ingest(&lease, TRAFFIC, START, batch, &[]).await;
        assert!(matches!(refused, Err(IngestError::Store(_))), "{refused:?}");
    }
    assert_eq!(store.archive.head().await.unwrap(), 0);
    assert_eq!(store.archive.tail(TRAFFIC).await.unwrap(), None);
}

async fn only_the_first_event_under_an_id_is_effective(store: Store) {
    let lease = lease(&store).await;
    let (one, other) = (request(), request());
    let worker = EventId::fresh(unique());
    let first = vec![
        accepted(1, one),
        settled(2, one),
        settled(3, one),
        settled(4, other),
        traffic(5, TrafficKind::Worker, worker.clone()),
    ];
    let second = vec![
        accepted(6, one),
        settled(7, other),
        settled(8, one),
        traffic(9, TrafficKind::Worker, worker),
        accepted(10, other),
    ];
    let one_batch = store.archive.ingest(&lease, TRAFFIC, START, &first, &[]).await.unwrap();
    let from = after(START, &first);
    let next_batch = store.archive.ingest(&lease, TRAFFIC, from, &second, &[]).await.unwrap();
    assert_eq!(one_batch.effective, [true, true, false, true, true]);
    assert_eq!(next_batch.effective, [false, false, false, false, true]);
    let effective = store.archive.read(0, 100, true).await.unwrap();
    let positions: Vec<_> = effective.iter().map(|archived| archived.pos).collect();
    assert_eq!(positions, [1, 2, 4, 5, 10]);
    assert!(effective.iter().all(|archived| archived.effective));
    let all = store.archive.read(0, 100, false).await.unwrap();
    assert_eq!(all.len(), 10);
    assert_eq!(all.iter().filter(|archived| archived.effective).count(), 5);
}

async fn an_event_is_recognised_again_in_another_epoch(store: Store) {
    let lease = lease(&store).await;
    let batch = [settled(1, request())];
    store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]).await.unwrap();
    let replacement = Tail { epoch: 2, created: 8, sequence: 1 };
    store.archive.begin_epoch(TRAFFIC, replacement).await.unwrap();
    let again = [Record { sequence: 2, ..batch[0].clone() }];
    assert_eq!(
        store.archive.ingest(&lease, TRAFFIC, replacement, &again, &[]).await.unwrap().head,
        2
    );
    let archived = store.archive.read(0, 10, false).await.unwrap();
    let marks: Vec<_> =
        archived.iter().map(|archived| (archived.epoch, archived.effective)).collect();
    assert_eq!(marks, [(1, true), (2, false)]);
}

async fn whoever_lost_the_lease_archives_nothing(store: Store) {
    let old = lease(&store).await;
    store.leases.release(&old).await.unwrap();
    let new = store.leases.take("projector", "b", Duration::from_mins(1)).await.unwrap().unwrap();
    let batch = [settled(1, request())];
    let lost = store.archive.ingest(&old, TRAFFIC, START, &batch, &[]).await;
    assert!(matches!(lost, Err(IngestError::Moved { stream: TRAFFIC })), "{lost:?}");
    assert_eq!(store.archive.ingest(&new, TRAFFIC, START, &batch, &[]).await.unwrap().head, 1);
}

async fn another_stream_is_continued_only_after_its_epoch_began(store: Store) {
    let lease = lease(&store).await;
    let first = [settled(1, request())];
    store.archive.ingest(&lease, TRAFFIC, START, &first, &[]).await.unwrap();
    let next = [settled(2, request())];
    for other in
        [Tail { created: 8, sequence: 1, ..START }, Tail { epoch: 2, sequence: 1, ..START }]
    {
        let moved = store.archive.ingest(&lease, TRAFFIC, other, &next, &[]).await;
        assert!(matches!(moved, Err(IngestError::Moved { .. })), "{moved:?}");
    }
    let begun = Tail { epoch: 2, created: 8, sequence: 1 };
    store.archive.begin_epoch(TRAFFIC, begun).await.unwrap();
    assert_eq!(store.archive.tail(TRAFFIC).await.unwrap(), Some(begun));
    assert_eq!(store.archive.ingest(&lease, TRAFFIC, begun, &next, &[]).await.unwrap().head, 2);
    let archived = store.archive.read(1, 1, false).await.unwrap();
    assert_eq!((archived[0].epoch, archived[0].sequence), (2, 2));
}

async fn a_batch_of_five_thousand_is_archived(store: Store) {
    let lease = lease(&store).await;
    let batch: Vec<_> = (1..=5_000).map(|sequence| settled(sequence, request())).collect();
    assert_eq!(
        store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]).await.unwrap().head,
        5_000
    );
    let repeated: Vec<_> =
        batch.iter().map(|r| Record { sequence: r.sequence + 5_000, ..r.clone() }).collect();
    let from = after(START, &batch);
    assert_eq!(
        store.archive.ingest(&lease, TRAFFIC, from, &repeated, &[]).await.unwrap().head,
        10_000
    );
    let effective = store.archive.read(0, 20_000, true).await.unwrap();
    assert_eq!(effective.len(), 5_000);
    let ids: HashSet<_> = effective.iter().map(|archived| archived.event.id.clone()).collect();
    assert_eq!(ids.len(), 5_000);
}

async fn it_is_known_what_was_archived_when_and_in_which_epoch(store: Store) {
    let lease = lease(&store).await;
    let batch = [settled(1, request()), settled(2, request())];
    store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]).await.unwrap();
    let marked = async |stream, at| store.archive.mark_before(stream, at).await.unwrap();
    assert_eq!(marked(TRAFFIC, i64::MAX).await, Some(Mark { epoch: 1, sequence: 2 }));
    assert_eq!(marked(TRAFFIC, 0).await, None);
    assert_eq!(marked(CONTROL, i64::MAX).await, None);
    let begun = Tail { epoch: 2, created: 8, sequence: 0 };
    store.archive.begin_epoch(TRAFFIC, begun).await.unwrap();
    assert_eq!(marked(TRAFFIC, i64::MAX).await, Some(Mark { epoch: 1, sequence: 2 }));
    store.archive.ingest(&lease, TRAFFIC, begun, &[settled(1, request())], &[]).await.unwrap();
    assert_eq!(marked(TRAFFIC, i64::MAX).await, Some(Mark { epoch: 2, sequence: 1 }));
}

async fn events_of_one_message_are_archived_with_their_index_and_counted(store: Store) {
    let lease = lease(&store).await;
    let at = |record: Record, index| Record { index, ..record };
    let batch = [
        settled(1, request()),
        at(settled(1, request()), 1),
        at(settled(1, request()), 2),
        settled(2, request()),
    ];
    store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]).await.unwrap();
    let archived = store.archive.read(0, 9, false).await.unwrap();
    let places = archived.iter().map(|archived| (archived.sequence, archived.index));
    assert_eq!(places.collect::<Vec<_>>(), [(1, 0), (1, 1), (1, 2), (2, 0)]);
    assert_eq!(store.archive.leaves(TRAFFIC).await.unwrap(), 4);
    let from = after(START, &batch);
    for hole in [at(settled(3, request()), 1), at(settled(2, request()), 2)] {
        let refused = store.archive.ingest(&lease, TRAFFIC, from, &[hole], &[]).await;
        assert!(matches!(refused, Err(IngestError::Store(_))), "{refused:?}");
    }
    store.archive.ingest(&lease, TRAFFIC, from, &[settled(3, request())], &[]).await.unwrap();
    assert_eq!(store.archive.leaves(TRAFFIC).await.unwrap(), 5);
    assert_eq!(store.archive.leaves(CONTROL).await.unwrap(), 0);
    store.archive.begin_epoch(TRAFFIC, Tail { epoch: 2, created: 8, sequence: 0 }).await.unwrap();
    assert_eq!(store.archive.leaves(TRAFFIC).await.unwrap(), 0);
}

async fn an_event_is_found_by_where_it_came_from(store: Store) {
    let lease = lease(&store).await;
    let (mut traffic, mut workers) = (START, START);
    for _ in 0..20 {
        let sequence = traffic.sequence + 1;
        let batch =
            [settled(sequence, request()), Record { index: 1, ..settled(sequence, request()) }];
        store.archive.ingest(&lease, TRAFFIC, traffic, &batch, &[]).await.unwrap();
        traffic = after(traffic, &batch);
    }
    let report = [settled(1, request())];
    store.archive.ingest(&lease, StreamName::Workers, workers, &report, &[]).await.unwrap();
    workers = after(workers, &report);
    let all = store.archive.read(0, 99, false).await.unwrap();
    assert_eq!(all.len(), 41);
    for archived in &all {
        let cursor = archived.cursor();
        assert_eq!(store.archive.cursor_at(archived.pos).await.unwrap(), Some(cursor));
        assert_eq!(store.archive.position_of(cursor).await.unwrap(), Some(archived.pos));
    }
    let unknown = EventCursor { stream: TRAFFIC, epoch: 1, sequence: 3, index: 2 };
    for unknown in
        [unknown, EventCursor { epoch: 2, ..unknown }, EventCursor { stream: CONTROL, ..unknown }]
    {
        assert_eq!(store.archive.position_of(unknown).await.unwrap(), None);
    }
    assert_eq!(store.archive.cursor_at(42).await.unwrap(), None);
    let cut = store.archive.cut().await.unwrap();
    let [traffic, workers] =
        [traffic, workers].map(|tail| Mark { epoch: tail.epoch, sequence: tail.sequence });
    assert_eq!(cut, Cut { traffic, control: Mark::default(), workers: Some(workers) });
}

/// Events of one request that was to end in time.
fn ended(charge: bool) -> (Accepted, Settled) {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let rates = Rates::default().with(Unit::INPUT, Nanos::new(2_000_000_000));
    let accepted = Accepted {
        request: RequestId::new(unique()),
        project: project(),
        key: KeyId::new(unique()),
        model: "llama".parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: true,
        gateway: GatewayId::new(unique()),
        price: Pinned { price: None, currency: None, rules: vec![Rule::always(rates)] },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: at.hour(),
        deadline: at.plus_millis(1_000),
        at,
    };
    let outcome =
        if charge { Outcome::Completed } else { Outcome::Failed(request::Failure::Unsettled) };
    let settled = accepted.settle(Settlement {
        outcome,
        delivered: Usage::tokens(100, 0, 20, 0, Source::Counted),
        service_tier: None,
        timings: Timings::default(),
        worker: None,
        attempts: vec![],
        writer: Writer::Gateway(accepted.gateway),
        at,
    });
    (accepted, settled)
}

/// A charge that came so many seconds after its deadline.
pub fn charged_at(sequence: u64, seconds: i64) -> Record {
    let (accepted, settled) = ended(true);
    appended(sequence, accepted.deadline.plus_millis(seconds * 1_000), &Envelope::settled(settled))
}

fn appended(sequence: u64, at: Timestamp, envelope: &Envelope) -> Record {
    let record = record_of(sequence, envelope.event.subject(), envelope.encode());
    Record { appended_at: at, ..record }
}

async fn a_charge_that_comes_a_minute_after_its_deadline_has_no_effect(store: Store) {
    let lease = lease(&store).await;
    let (accepted, charged) = ended(true);
    let (in_time, late) =
        (accepted.deadline.plus_millis(60_000), accepted.deadline.plus_millis(60_001));
    let swept = accepted.settle(Settlement {
        outcome: Outcome::Failed(request::Failure::Unsettled),
        delivered: Usage::default(),
        service_tier: None,
        timings: Timings::default(),
        worker: None,
        attempts: vec![],
        writer: Writer::Sweeper,
        at: late,
    });
    let (_, other) = ended(true);
    let batch = [
        appended(1, late, &Envelope::settled(charged.clone())),
        appended(2, late, &Envelope::settled(swept)),
        appended(3, late, &Envelope::settled(charged)),
        appended(4, in_time, &Envelope::settled(other)),
    ];
    for (from, batch, effective) in [
        (START, &batch[..1], vec![false]),
        (after(START, &batch[..1]), &batch[1..], vec![true, false, true]),
    ] {
        let ingested = store.archive.ingest(&lease, TRAFFIC, from, batch, &[]).await.unwrap();
        assert_eq!(ingested.effective, effective);
    }
}

async fn a_settlement_is_taken_back_once_and_only_if_it_is_the_effective_one(store: Store) {
    let lease = lease(&store).await;
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let reversed = |settled: &Settled| {
        let event = Event::Request(request::Event::Reversed(Box::new(settled.reverse(at))));
        let (id, traceparent) = (EventId::reversed(settled.request), None);
        Envelope { id, at, traceparent, actor: None, request_id: None, event }
    };
    let (_, settled) = ended(true);
    let other = Settled { charge: Nanos::new(1), ..settled.clone() };
    let [effective, ineffective] = [&settled, &other].map(&reversed);
    let (_, never_settled) = ended(true);
    let batch = [
        appended(1, at, &effective),
        appended(2, at, &Envelope::settled(settled)),
        appended(3, at, &Envelope::settled(other)),
        appended(4, at, &ineffective),
        appended(5, at, &effective),
        appended(6, at, &effective),
        appended(7, at, &reversed(&never_settled)),
    ];
    let mut from = START;
    let mut effective = Vec::new();
    // In one batch, and in one each.
    for batch in batch.chunks(4) {
        effective.extend(
            store.archive.ingest(&lease, TRAFFIC, from, batch, &[]).await.unwrap().effective,
        );
        from = after(from, batch);
    }
    assert_eq!(effective, [false, true, false, false, true, false, false]);
}

async fn an_event_that_is_made_for_a_past_request_is_found_with_it_and_recognised_again(
    store: Store,
) {
    let lease = lease(&store).await;
    let past = request();
    let made = Uuid::from_u128((1_795_000_000_000_u128 << 80) | 7);
    let id = EventId::of_past("adj", made, past);
    let correction = |sequence| traffic(sequence, TrafficKind::Settled, id.clone());
    let batch = [settled(1, past), correction(2), correction(3)];
    let ingested = store.archive.ingest(&lease, TRAFFIC, START, &batch, &[]).await.unwrap();
    assert_eq!(ingested.effective, [true, true, false]);
    let from = after(START, &batch);
    let again = store.archive.ingest(&lease, TRAFFIC, from, &[correction(4)], &[]).await.unwrap();
    assert_eq!(again.effective, [false]);
    assert_eq!(store.archive.of_request(past).await.unwrap().len(), 4);
}

async fn of_what_is_archived_one_gets_what_one_wants_in_pages_either_way(store: Store) {
    let lease = lease(&store).await;
    let (one, other) = (project(), project());
    let record = |(sequence, (project, event))| {
        let subject = Subject::Control(AggregateId::Project(project));
        record_of(sequence, subject, event)
    };
    // At :00, by nobody, and at :00.123456, by key_1.
    let control = [
        (one, created(one, "a")),
        (other, created(other, "b")),
        (one, renamed(one, "c")),
        (other, renamed(other, "d")),
        (one, renamed(one, "e")),
    ];
    let control: Vec<_> = (1..).zip(control).map(record).collect();
    let requests: Vec<_> = (1..=3).map(|sequence| settled(sequence, request())).collect();
    store.archive.ingest(&lease, TRAFFIC, START, &requests[..1], &[]).await.unwrap();
    store.archive.ingest(&lease, CONTROL, START, &control, &[]).await.unwrap();
    let from = Tail { sequence: 1, ..START };
    store.archive.ingest(&lease, TRAFFIC, from, &requests[1..], &[]).await.unwrap();

    let find = async |wanted: &EventQuery, order, place, most| {
        let found = store.archive.find(wanted, order, place, most).await.unwrap();
        let places: Vec<u64> = found.events.iter().map(|archived| archived.pos).collect();
        (places, found.next)
    };
    let all = EventQuery::default;
    let of_one = EventQuery { subject: Some(control[0].subject.clone()), ..all() };
    let at = |micros: i64| Some(Timestamp::from_micros(1_795_000_000_000_000 + micros));
    let kind = |kind: &str| EventQuery { kind: Some(kind.into()), ..all() };
    let by = |actor: &str| EventQuery { actor: Some(actor.into()), ..all() };
    for (wanted, places) in [
        (all(), vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (EventQuery { stream: Some(TRAFFIC), ..all() }, vec![1, 7, 8]),
        (EventQuery { stream: Some(CONTROL), ..all() }, vec![2, 3, 4, 5, 6]),
        (of_one.clone(), vec![2, 4, 6]),
        (by("key_1"), vec![4, 5, 6]),
        (by("key_"), vec![]),
        (kind("uplion.project."), vec![2, 3, 4, 5, 6]),
        (kind("uplion.project.renamed.v1"), vec![4, 5, 6]),
        (kind("uplion.request"), vec![1, 7, 8]),
        (kind("'"), vec![]),
        (EventQuery { from: at(123_456), ..all() }, vec![4, 5, 6]),
        (EventQuery { to: at(123_456), ..all() }, vec![1, 2, 3, 7, 8]),
        (EventQuery { actor: Some("key_1".into()), from: at(0), ..of_one.clone() }, vec![4, 6]),
        (EventQuery { stream: Some(TRAFFIC), ..of_one.clone() }, vec![]),
    ] {
        let backwards: Vec<u64> = places.iter().rev().copied().collect();
        let oldest = find(&wanted, Order::OldestFirst, None, 10).await;
        assert_eq!(oldest, (places, None), "{wanted:?}");
        let newest = find(&wanted, Order::NewestFirst, None, 10).await;
        assert_eq!(newest, (backwards, None), "{wanted:?}");
    }
    assert_eq!(find(&of_one, Order::OldestFirst, None, 2).await, (vec![2, 4], Some(4)));
    assert_eq!(find(&of_one, Order::OldestFirst, Some(4), 2).await, (vec![6], None));
    assert_eq!(find(&of_one, Order::NewestFirst, None, 2).await, (vec![6, 4], Some(4)));
    assert_eq!(find(&of_one, Order::NewestFirst, Some(4), 2).await, (vec![2], None));
    assert_eq!(find(&of_one, Order::NewestFirst, Some(0), 2).await, (vec![], None));
}
