//! One nats-server killed, stopped, emptied, and changed under everybody's hands.

use std::{sync::Arc, time::Duration};

use async_nats::{ConnectOptions, ServerAddr, jetstream};
use bytes::Bytes;
use futures::{TryStreamExt, future::join_all};
use tokio::time::{Instant, sleep, timeout};
use uplion_domain::{
    EventId, GatewayId, RequestId,
    request::Class,
    subject::{Filter, Subject},
};
use uplion_log_transport::{
    Log,
    follow::STALE_AFTER,
    message::Link,
    stream::{
        AppendError, Appended, Condition, Cursor, Record, StreamName, Streams,
        reading::events as ours,
    },
    task::{Queue, Taken, Ticket},
};
use uplion_tests::{
    nats::{Server, SyncInterval},
    wait,
};

use crate::{backend::connect, events, follow};

pub const SOON: Duration = Duration::from_secs(30);
const QUEUE: &str = "TASKS_LIVE";
const ONCE: Condition = Condition { unique: true, last: None, created: None };

async fn server() -> Server {
    Server::start(SyncInterval::Default).await.unwrap()
}

pub async fn traffic(log: &Log, replicas: u8) {
    log.streams.ensure(&events::spec(StreamName::Traffic, replicas)).await.unwrap();
}

/// Appends one event as a gateway settles a request: under one id, until it is acknowledged.
pub async fn append(streams: &dyn Streams) -> (u64, EventId) {
    let (subject, event) = events::traffic(0);
    let id = event.id.clone();
    let sequence = wait::until_some(SOON, "an acknowledgement", async || {
        match streams.append(&subject, event.clone(), ONCE).await {
            Ok(appended) => Some(appended.sequence),
            Err(AppendError::Unacknowledged { .. } | AppendError::Unavailable { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    });
    (sequence.await.unwrap(), id)
}

/// The next `count` events, from a cursor that may say in between that nobody answers it.
pub async fn read_on(cursor: &mut dyn Cursor, count: usize) -> Vec<Record> {
    timeout(SOON * 2, async {
        let mut records = Vec::new();
        while records.len() < count {
            let more = cursor.next(count, Duration::from_secs(1)).await;
            records.extend(ours(more.unwrap_or_default()));
        }
        records
    })
    .await
    .expect("events in time")
}

/// A ticket, from a queue that may be lost in between: it says so, and is asked again.
pub async fn next(queue: &mut dyn Queue) -> Taken {
    timeout(SOON, async {
        loop {
            if let Some(taken) = queue.take(1).await.unwrap_or_default().pop() {
                return taken;
            }
        }
    })
    .await
    .expect("a ticket in time")
}

#[tokio::test]
async fn a_killed_server_is_noticed_at_once_and_when_it_is_back_everything_goes_on() {
    let server = server().await;
    let log = connect(&server.url()).await.log();
    traffic(&log, 1).await;
    log.tasks.ensure(&events::queue_spec(1)).await.unwrap();
    let (first, first_id) = append(&*log.streams).await;
    let mut cursor = log.streams.read(StreamName::Traffic, 0).await.unwrap();
    assert_eq!(ours(cursor.next(1, SOON).await.unwrap())[0].event.id, first_id);
    let mut link = log.messages.link();

    server.kill();
    timeout(Duration::from_secs(2), link.wait_for(|link| *link == Link::Down))
        .await
        .unwrap()
        .unwrap();
    let (subject, event) = events::traffic(0);
    let started = Instant::now();
    let refused = log.streams.append(&subject, event.clone(), ONCE).await.unwrap_err();
    assert!(matches!(refused, AppendError::Unavailable { .. }), "{refused}");
    assert!(log.tasks.offer(&events::ticket(&events::model("m"))).await.is_err());
    let to = Subject::Gateway {
        gateway: GatewayId::new(events::unique()),
        request: RequestId::new(events::unique()),
    };
    assert!(log.messages.send(&to, Bytes::new()).await.is_err());
    assert!(started.elapsed() < Duration::from_millis(200), "{:?}", started.elapsed());

    server.restart().await.unwrap();
    let up = Link::Up { session: 2 };
    timeout(SOON, link.wait_for(|link| *link == up)).await.unwrap().unwrap();
    let (second, second_id) = append(&*log.streams).await;
    assert_eq!(second, first + 1);
    assert_eq!(read_on(&mut *cursor, 1).await[0].event.id, second_id);
}

#[tokio::test]
async fn a_queue_that_was_lost_with_its_server_is_there_again_for_gateway_and_worker() {
    let server = server().await;
    let (gateway, worker) =
        (connect(&server.url()).await.log(), connect(&server.url()).await.log());
    let model = events::model("m");
    gateway.tasks.ensure(&events::queue_spec(1)).await.unwrap();
    let mut queue = worker.tasks.queue(&model, Class::Interactive).await.unwrap();
    gateway.tasks.offer(&events::ticket(&model)).await.unwrap();
    assert_eq!(queue.take(1).await.unwrap().len(), 1);

    server.restart().await.unwrap();
    let ticket = events::ticket(&model);
    wait::until(SOON, "an offer", async || gateway.tasks.offer(&ticket).await.is_ok())
        .await
        .unwrap();
    assert_eq!(next(&mut *queue).await.ticket, ticket);
}

#[tokio::test]
async fn of_many_offers_that_find_no_queue_each_is_taken() {
    let url = Server::shared().await.account();
    let log = connect(&url).await.log();
    let model = events::model("m");
    log.tasks.ensure(&events::queue_spec(1)).await.unwrap();
    behind_its_back(&url).await.delete_stream(QUEUE).await.unwrap();
    let tickets: Vec<Ticket> = (0..50).map(|_| events::ticket(&model)).collect();
    let offers = join_all(tickets.iter().map(|ticket| log.tasks.offer(ticket))).await;
    assert!(offers.iter().all(Result::is_ok), "{offers:?}");
    assert_eq!(log.tasks.depth(&model, Class::Interactive).await, Ok(50));
}

#[tokio::test]
async fn a_worker_whose_consumer_was_deleted_makes_it_again() {
    let url = Server::shared().await.account();
    let log = connect(&url).await.log();
    let model = events::model("m");
    log.tasks.ensure(&events::queue_spec(1)).await.unwrap();
    let mut queue = log.tasks.queue(&model, Class::Interactive).await.unwrap();
    let jetstream = behind_its_back(&url).await;
    for _ in 0..3 {
        let queues = jetstream.get_stream(QUEUE).await.unwrap();
        let names: Vec<String> = queues.consumer_names().try_collect().await.unwrap();
        assert_eq!(names.len(), 1);
        let ticket = events::ticket(&model);
        let (taken, ()) = tokio::join!(next(&mut *queue), async {
            queues.delete_consumer(&names[0]).await.unwrap();
            log.tasks.offer(&ticket).await.unwrap();
        });
        assert_eq!(taken.ticket, ticket);
        taken.receipt.done().await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_whose_consumer_was_deleted_reads_on_without_a_gap() {
    let url = Server::shared().await.account();
    let log = connect(&url).await.log();
    traffic(&log, 1).await;
    let mut cursor = log.streams.read(StreamName::Traffic, 0).await.unwrap();
    let jetstream = behind_its_back(&url).await;
    for sequence in 1..=5 {
        let (appended, id) = append(&*log.streams).await;
        let records = ours(cursor.next(10, SOON).await.unwrap());
        assert_eq!((appended, records.len()), (sequence, 1));
        assert_eq!((records[0].sequence, &records[0].event.id), (sequence, &id));
        let stream = jetstream.get_stream(StreamName::Traffic.as_str()).await.unwrap();
        let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
        for name in names {
            stream.delete_consumer(&name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_listener_hears_again_once_its_server_is_back() {
    let server = server().await;
    let log = connect(&server.url()).await.log();
    let gateway = GatewayId::new(events::unique());
    let mut listener = log.messages.listen(&Filter::ToGateway(gateway)).await.unwrap();
    let mut link = log.messages.link();
    server.restart().await.unwrap();
    // Two connections come back, and each may have lost something.
    let back = |link: &Link| matches!(link, Link::Up { session } if *session >= 3);
    timeout(SOON, link.wait_for(back)).await.unwrap().unwrap();
    let to = Subject::Gateway { gateway, request: RequestId::new(events::unique()) };
    // The connection is back a moment before its subscription is: who speaks to it repeats himself.
    let say = async {
        loop {
            log.messages.send(&to, "again".into()).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    };
    let heard = tokio::select! {
        heard = timeout(SOON, listener.recv()) => heard.unwrap().unwrap(),
        () = say => unreachable!("it is said without end"),
    };
    assert_eq!(heard.payload, "again");
}

#[tokio::test]
async fn a_follower_is_stale_two_seconds_after_its_server_died_and_misses_nothing() {
    let server = server().await;
    let log = connect(&server.url()).await.log();
    traffic(&log, 1).await;
    let mut expected = follow::append(&*log.streams, 10).await;
    let (follower, told) = follow::follow(Arc::clone(&log.streams));
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    server.kill();
    let killed = Instant::now();
    wait::until(SOON, "staleness", async || !follower.fresh()).await.unwrap();
    let took = killed.elapsed();
    assert!(took < STALE_AFTER + Duration::from_millis(200), "{took:?}");
    assert!(took > STALE_AFTER / 2, "{took:?}");
    server.restart().await.unwrap();
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    for _ in 0..10 {
        expected.push(Some(append(&*log.streams).await.1));
    }
    assert!(follower.wait_until(20, Instant::now() + SOON).await);
    assert_eq!(*told.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_server_that_lost_its_files_is_another_stream_to_a_follower() {
    let server = server().await;
    let log = connect(&server.url()).await.log();
    traffic(&log, 1).await;
    let mut expected = follow::append(&*log.streams, 10).await;
    let (follower, told) = follow::follow(Arc::clone(&log.streams));
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    server.restart_empty().await.unwrap();
    let spec = events::spec(StreamName::Traffic, 1);
    wait::until(SOON, "a stream", async || log.streams.ensure(&spec).await.is_ok()).await.unwrap();
    expected.push(None);
    for _ in 0..3 {
        expected.push(Some(append(&*log.streams).await.1));
    }
    let told_all = async || told.lock().unwrap().len() == expected.len();
    wait::until(SOON, "the new stream", told_all).await.unwrap();
    assert_eq!(*told.lock().unwrap(), expected);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
}

#[tokio::test]
async fn a_server_that_stands_still_keeps_nobody_waiting_for_ever() {
    let server = server().await;
    let nats = connect(&server.url()).await;
    let log = nats.log();
    traffic(&log, 1).await;
    log.tasks.ensure(&events::queue_spec(1)).await.unwrap();
    let model = events::model("m");
    let mut queue = log.tasks.queue(&model, Class::Interactive).await.unwrap();
    let (first, id) = append(&*log.streams).await;
    let mut cursor = log.streams.read(StreamName::Traffic, first).await.unwrap();
    server.stop();
    stands_still(&server).await;
    let (subject, event) = events::traffic(0);
    let started = Instant::now();
    let (ticket, second) = (events::ticket(&model), Duration::from_secs(1));
    let (appended, offered, identity, _, _) = tokio::join!(
        log.streams.append(&subject, event.clone(), ONCE),
        log.tasks.offer(&ticket),
        log.streams.identity(StreamName::Traffic),
        queue.take(1),
        cursor.next(1, second),
    );
    assert!(
        appended.is_err() && offered.is_err() && identity.is_err(),
        "{appended:?} {offered:?} {identity:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    server.cont();
    // What was not acknowledged may be there all the same: then it stands there twice, and the first counts.
    let again = wait::until_some(SOON, "an acknowledgement", async || {
        log.streams.append(&subject, event.clone(), ONCE).await.ok()
    });
    let last = again.await.unwrap().sequence;
    let mut from_start = log.streams.read(StreamName::Traffic, 0).await.unwrap();
    let most = usize::try_from(last).unwrap();
    let ids: Vec<_> =
        read_on(&mut *from_start, most).await.into_iter().map(|record| record.event.id).collect();
    assert_eq!(ids[0], id);
    assert!(ids[1..].iter().all(|found| *found == event.id), "{ids:?}");
}

#[tokio::test]
async fn on_control_an_event_id_is_still_known_after_a_restart() {
    let server = server().await;
    let log = connect(&server.url()).await.log();
    log.streams.ensure(&events::spec(StreamName::Control, 1)).await.unwrap();
    let (subject, event) = events::control();
    log.streams.append(&subject, event.clone(), ONCE).await.unwrap();
    server.restart().await.unwrap();
    let again = wait::until_some(SOON, "an acknowledgement", async || {
        log.streams.append(&subject, event.clone(), ONCE).await.ok()
    });
    assert_eq!(again.await.unwrap(), Appended { sequence: 1, duplicate: true });
}

#[tokio::test]
async fn events_that_no_stream_took_are_counted() {
    let nats = connect(&Server::shared().await.account()).await;
    let log = nats.log();
    for number in 0..100 {
        let (subject, event) = events::traffic(number);
        log.streams.append_soon(&subject, event);
    }
    wait::until(SOON, "the count", async || nats.stats().events_lost == 100).await.unwrap();
    assert_eq!(nats.stats().events_under_way, 0);
}

/// A signal takes a moment to stop the last thread.
async fn stands_still(server: &Server) {
    let tasks = format!("/proc/{}/task", server.process().pid().unwrap());
    let stopped = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat"));
        stat.is_ok_and(|stat| stat.rsplit(") ").next().unwrap().starts_with('T'))
    };
    wait::until(SOON, "a standstill", async || {
        std::fs::read_dir(&tasks).is_ok_and(|mut threads| threads.all(stopped))
    })
    .await
    .unwrap();
}

/// A connection that the log knows nothing of.
pub async fn behind_its_back(url: &str) -> jetstream::Context {
    let server: ServerAddr = url.parse().unwrap();
    let (user, password) = (server.username().unwrap(), server.password().unwrap());
    let options = ConnectOptions::with_user_and_password(user.into(), password.into());
    jetstream::new(options.connect(server).await.unwrap())
}
