//! Streams: what is appended is there, once, in order, under its sequence; and nobody mistakes one stream for another.

use std::time::Duration;

use futures::future::join_all;
use uplion_domain::Timestamp;
use uplion_log_transport::stream::{
    AppendError, Appended, Condition, Cursor, Entry, ReadError, Record, StreamName, StreamSpec,
    Streams, reading::events as ours,
};

use crate::{backend::Backend, events};

const SOON: Duration = Duration::from_secs(10);
const ONCE: Condition = Condition { unique: true, last: None, created: None };
const ANYHOW: Condition = Condition { unique: false, last: None, created: None };

crate::on!(in_process one_server three_nodes: [
    what_is_appended_is_read_back_in_order
    a_reader_waits_for_what_comes_and_no_longer_than_it_said
    on_control_an_event_id_is_refused_only_where_that_was_asked
    on_control_an_append_that_expects_another_end_is_refused
    of_two_that_expect_the_same_end_of_control_one_is_refused
    of_traffic_an_event_that_is_appended_again_is_there_again
    a_batch_is_one_message_and_read_whole
    what_many_append_at_once_goes_together_and_each_is_acknowledged
    an_event_knows_when_it_was_appended
    a_full_stream_refuses_and_takes_again_once_it_was_purged
    what_was_purged_cannot_be_read_and_the_rest_can
    a_cursor_is_not_disturbed_when_what_it_has_read_is_purged
    events_appended_soon_are_in_order_before_what_is_appended_after_them
    a_stream_keeps_its_epoch_when_its_settings_change
    of_many_who_make_a_stream_at_once_all_get_the_same
    a_stream_made_anew_is_another_one_and_begins_where_it_is_told
    a_stream_that_is_not_there_is_missing
    streams_know_nothing_of_each_other
]);

async fn traffic(backend: &Backend) -> (std::sync::Arc<dyn Streams>, StreamSpec) {
    let streams = backend.connect().await.streams;
    let spec = events::spec(StreamName::Traffic, backend.replicas());
    streams.ensure(&spec).await.unwrap();
    (streams, spec)
}

async fn control(backend: &Backend) -> std::sync::Arc<dyn Streams> {
    let streams = backend.connect().await.streams;
    streams.ensure(&events::spec(StreamName::Control, backend.replicas())).await.unwrap();
    streams
}

/// Nobody knows before when an event will be appended.
fn timeless(entries: Vec<Entry>) -> Vec<Record> {
    let appended_at = Timestamp::from_micros(0);
    ours(entries).into_iter().map(|record| Record { appended_at, ..record }).collect()
}

async fn append(streams: &dyn Streams, count: i64) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 0..count {
        let (subject, event) = events::traffic(number);
        let appended = streams.append(&subject, event.clone(), ANYHOW).await.unwrap();
        let (sequence, index, appended_at) = (appended.sequence, 0, Timestamp::from_micros(0));
        records.push(Record { sequence, index, appended_at, subject, event });
    }
    records
}

/// The next `count` events.
async fn read(cursor: &mut dyn Cursor, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        let more = cursor.next(count - records.len(), SOON).await.unwrap();
        assert!(!more.is_empty(), "{} of {count} events came in {SOON:?}", records.len());
        records.extend(timeless(more));
    }
    records
}

async fn what_is_appended_is_read_back_in_order(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let appended = append(&*streams, 200).await;
    let sequences: Vec<u64> = appended.iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, (1..=200).collect::<Vec<u64>>());

    let mut from_start = streams.read(StreamName::Traffic, 0).await.unwrap();
    assert_eq!(read(&mut *from_start, 200).await, appended);
    let mut from_middle = streams.read(StreamName::Traffic, 150).await.unwrap();
    assert_eq!(read(&mut *from_middle, 50).await, appended[150..]);
    let got = streams.get(StreamName::Traffic, 77).await.unwrap();
    assert_eq!(timeless(got), appended[76..77]);
    for none in [0, 201] {
        assert_eq!(streams.get(StreamName::Traffic, none).await, Ok(vec![]));
    }
    let identity = streams.identity(StreamName::Traffic).await.unwrap();
    assert_eq!((identity.first, identity.last, identity.epoch), (1, 200, 1));
    assert!(identity.bytes > 0 && identity.bytes < identity.max_bytes);
}

async fn a_reader_waits_for_what_comes_and_no_longer_than_it_said(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
    assert_eq!(cursor.next(10, Duration::from_millis(50)).await, Ok(vec![]));
    let other = backend.connect().await.streams;
    let (records, appended) = tokio::join!(read(&mut *cursor, 3), append(&*other, 3));
    assert_eq!(records, appended);
}

async fn on_control_an_event_id_is_refused_only_where_that_was_asked(backend: Backend) {
    let streams = control(&backend).await;
    let (subject, event) = events::control();
    let first = streams.append(&subject, event.clone(), ONCE).await;
    assert_eq!(first, Ok(Appended { sequence: 1, duplicate: false }));
    let again = streams.append(&subject, event.clone(), ONCE).await;
    assert_eq!(again, Ok(Appended { sequence: 1, duplicate: true }));
    let anyhow = streams.append(&subject, event, ANYHOW).await;
    assert_eq!(anyhow, Ok(Appended { sequence: 2, duplicate: false }));
}

async fn on_control_an_append_that_expects_another_end_is_refused(backend: Backend) {
    let streams = control(&backend).await;
    let append = async |last| {
        let (subject, event) = events::control();
        streams
            .append(&subject, event, Condition { unique: true, last: Some(last), created: None })
            .await
    };
    let wrong = |expected| Err(AppendError::WrongLast { stream: StreamName::Control, expected });
    assert_eq!(append(0).await, Ok(Appended { sequence: 1, duplicate: false }));
    assert_eq!(append(0).await, wrong(0));
    assert_eq!(append(2).await, wrong(2));
    assert_eq!(append(1).await, Ok(Appended { sequence: 2, duplicate: false }));
}

async fn of_two_that_expect_the_same_end_of_control_one_is_refused(backend: Backend) {
    let one = control(&backend).await;
    let other = backend.connect().await.streams;
    for last in 0..20 {
        let condition = Condition { unique: true, last: Some(last), created: None };
        let [(subject, event), (_, rival)] = [events::control(), events::control()];
        let won = tokio::join!(
            one.append(&subject, event, condition),
            other.append(&subject, rival, condition)
        );
        let refused = Err(AppendError::WrongLast { stream: StreamName::Control, expected: last });
        let appended = Ok(Appended { sequence: last + 1, duplicate: false });
        assert!(
            won == (appended.clone(), refused.clone()) || won == (refused, appended),
            "{won:?}"
        );
    }
}

async fn of_traffic_an_event_that_is_appended_again_is_there_again(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let (subject, event) = events::traffic(0);
    for sequence in [1, 2] {
        let appended = streams.append(&subject, event.clone(), ONCE).await;
        assert_eq!(appended, Ok(Appended { sequence, duplicate: false }));
    }
}

async fn a_batch_is_one_message_and_read_whole(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let spec = events::spec(StreamName::Workers, backend.replicas());
    streams.ensure(&spec).await.unwrap();
    for (stream, event) in
        [(StreamName::Traffic, events::traffic(0)), (StreamName::Workers, events::stopped())]
    {
        let ((subject, event), batches) = (event, [vec![0; 3], vec![0; 2]]);
        for (sequence, batch) in (1..).zip(&batches) {
            let batch: Vec<_> = batch.iter().map(|_| event.clone()).collect();
            let appended = streams.append_batch(stream, &batch).await;
            assert_eq!(appended, Ok(Appended { sequence, duplicate: false }));
        }
        let record = |sequence, index| {
            let (subject, event) = (subject.clone(), event.clone());
            Record { sequence, index, appended_at: Timestamp::from_micros(0), subject, event }
        };
        let (first, second) =
            ([record(1, 0), record(1, 1), record(1, 2)], [record(2, 0), record(2, 1)]);
        assert_eq!(timeless(streams.get(stream, 1).await.unwrap()), first);
        let mut cursor = streams.read(stream, 0).await.unwrap();
        assert_eq!(timeless(cursor.next(1, SOON).await.unwrap()), first);
        assert_eq!(timeless(cursor.next(1, SOON).await.unwrap()), second);
        let mut cursor = streams.read(stream, 1).await.unwrap();
        assert_eq!(timeless(cursor.next(1, SOON).await.unwrap()), second);
    }
    let refused = streams.append_batch(StreamName::Control, &[events::control().1]).await;
    assert!(matches!(refused, Err(AppendError::Unavailable { .. })), "{refused:?}");
}

async fn what_many_append_at_once_goes_together_and_each_is_acknowledged(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let events: Vec<_> = (0..500).map(events::traffic).collect();
    let appends = events
        .iter()
        .map(|(subject, event)| streams.append(subject, event.clone(), Condition::default()));
    let acknowledged: Vec<u64> =
        join_all(appends).await.into_iter().map(|appended| appended.unwrap().sequence).collect();
    let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
    let records = read(&mut *cursor, 500).await;
    let last = streams.identity(StreamName::Traffic).await.unwrap().last;
    assert!(last <= 10, "{last} messages");
    assert!(records.iter().map(|record| record.sequence).eq(acknowledged));
    assert!(records.iter().map(|record| &record.event).eq(events.iter().map(|(_, event)| event)));
}

async fn an_event_knows_when_it_was_appended(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let now = || {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        i64::try_from(since.as_micros()).unwrap()
    };
    let before = now();
    append(&*streams, 1).await;
    let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
    let read = cursor.next(1, SOON).await.unwrap();
    assert!((before..=now()).contains(&read[0].appended_at().micros()), "{:?}", read[0]);
    assert_eq!(streams.get(StreamName::Traffic, 1).await.unwrap(), read);
}

async fn a_full_stream_refuses_and_takes_again_once_it_was_purged(backend: Backend) {
    let (streams, spec) = traffic(&backend).await;
    streams.ensure(&StreamSpec { max_bytes: 16 << 10, ..spec }).await.unwrap();
    let mut last = 0;
    let refused = loop {
        let (subject, event) = events::traffic(0);
        match streams.append(&subject, event, ONCE).await {
            Ok(appended) => last = appended.sequence,
            Err(error) => break error,
        }
        assert!(last < 1_000, "16 KiB do not hold {last} events");
    };
    assert_eq!(refused, AppendError::Full(StreamName::Traffic));
    assert!(last > 10, "{last}");
    streams.purge(StreamName::Traffic, last / 2).await.unwrap();
    let (subject, event) = events::traffic(0);
    let appended = streams.append(&subject, event, ONCE).await.unwrap();
    assert_eq!(appended, Appended { sequence: last + 1, duplicate: false });
}

async fn what_was_purged_cannot_be_read_and_the_rest_can(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let appended = append(&*streams, 10).await;
    streams.purge(StreamName::Traffic, 4).await.unwrap();
    let identity = streams.identity(StreamName::Traffic).await.unwrap();
    assert_eq!((identity.first, identity.last), (5, 10));
    assert_eq!(streams.get(StreamName::Traffic, 4).await, Ok(vec![]));
    let purged = ReadError::Purged { stream: StreamName::Traffic, wanted: 3, first: 5 };
    assert_eq!(first(&*streams, 2).await, Err(purged));
    let mut cursor = streams.read(StreamName::Traffic, 4).await.unwrap();
    assert_eq!(read(&mut *cursor, 6).await, appended[4..]);

    streams.purge(StreamName::Traffic, 10).await.unwrap();
    let identity = streams.identity(StreamName::Traffic).await.unwrap();
    assert_eq!((identity.first, identity.last), (11, 10));
    let more = append(&*streams, 1).await;
    assert_eq!(read(&mut *cursor, 1).await, more);
}

/// What a reader that starts behind `after` gets first.
async fn first(streams: &dyn Streams, after: u64) -> Result<Vec<Entry>, ReadError> {
    streams.read(StreamName::Traffic, after).await?.next(1, SOON).await
}

async fn a_cursor_is_not_disturbed_when_what_it_has_read_is_purged(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let appended = append(&*streams, 20).await;
    let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
    assert_eq!(read(&mut *cursor, 5).await, appended[..5]);
    streams.purge(StreamName::Traffic, 5).await.unwrap();
    assert_eq!(read(&mut *cursor, 15).await, appended[5..]);
}

async fn events_appended_soon_are_in_order_before_what_is_appended_after_them(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let mut sent = Vec::new();
    for number in 0..1_000 {
        let (subject, event) = events::traffic(number);
        streams.append_soon(&subject, event.clone());
        sent.push(event);
    }
    let (subject, event) = events::traffic(1_000);
    sent.push(event.clone());
    let last = streams.append(&subject, event, ONCE).await.unwrap().sequence;
    assert_eq!(streams.identity(StreamName::Traffic).await.unwrap().last, last);
    let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
    let records = read(&mut *cursor, 1_001).await;
    assert!(records.into_iter().map(|record| record.event).eq(sent));
}

async fn a_stream_keeps_its_epoch_when_its_settings_change(backend: Backend) {
    let (streams, spec) = traffic(&backend).await;
    let before = streams.identity(StreamName::Traffic).await.unwrap();
    let changed = StreamSpec { epoch: 7, max_bytes: 32 << 20, first_sequence: 500, ..spec };
    let after = streams.ensure(&changed).await.unwrap();
    assert_eq!((after.created, after.epoch, after.last), (before.created, 1, 0));
    assert_eq!(after.max_bytes, 32 << 20);
    assert_eq!(streams.identity(StreamName::Traffic).await, Ok(after));
}

async fn of_many_who_make_a_stream_at_once_all_get_the_same(backend: Backend) {
    let makers = join_all((0..4).map(|_| backend.connect())).await;
    let spec = events::spec(StreamName::Traffic, backend.replicas());
    let made = makers.iter().map(|log| log.streams.ensure(&spec));
    let created = join_all(made).await;
    let created: Vec<_> = created.into_iter().map(|identity| identity.unwrap().created).collect();
    assert!(created.iter().all(|time| *time == created[0]), "{created:?}");
    assert_eq!(append(&*makers[0].streams, 1).await[0].sequence, 1);
}

async fn a_stream_made_anew_is_another_one_and_begins_where_it_is_told(backend: Backend) {
    let (streams, spec) = traffic(&backend).await;
    append(&*streams, 5).await;
    let before = streams.identity(StreamName::Traffic).await.unwrap();
    let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
    read(&mut *cursor, 5).await;

    streams.delete(StreamName::Traffic).await.unwrap();
    let anew = StreamSpec { epoch: 2, first_sequence: 6, ..spec };
    let after = streams.ensure(&anew).await.unwrap();
    assert_ne!(after.created, before.created);
    assert_eq!((after.epoch, after.first, after.last), (2, 6, 5));
    assert_eq!(append(&*streams, 1).await[0].sequence, 6);
    let read_on = cursor.next(1, SOON).await;
    assert_eq!(read_on, Err(ReadError::Replaced(StreamName::Traffic)));
}

async fn a_stream_that_is_not_there_is_missing(backend: Backend) {
    let streams = backend.connect().await.streams;
    let missing = ReadError::Missing(StreamName::Traffic);
    assert_eq!(streams.identity(StreamName::Traffic).await, Err(missing.clone()));
    assert_eq!(first(&*streams, 0).await, Err(missing));
    let (subject, event) = events::traffic(0);
    let refused = streams.append(&subject, event, ONCE).await;
    assert!(matches!(refused, Err(AppendError::Unavailable { .. })), "{refused:?}");
}

async fn streams_know_nothing_of_each_other(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    streams.ensure(&events::spec(StreamName::Control, backend.replicas())).await.unwrap();
    append(&*streams, 3).await;
    let (subject, event) = events::control();
    let appended = streams.append(&subject, event.clone(), ONCE).await.unwrap();
    assert_eq!(appended.sequence, 1);
    let mut control = streams.read(StreamName::Control, 0).await.unwrap();
    assert_eq!(
        read(&mut *control, 1).await,
        [Record { sequence: 1, index: 0, appended_at: Timestamp::from_micros(0), subject, event }]
    );
    assert_eq!(streams.identity(StreamName::Traffic).await.unwrap().last, 3);
}
