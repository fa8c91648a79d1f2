//! The relay: what was committed is on CONTROL once, in commit order, whoever is killed and however many relay.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uplion_domain::EventId;
use uplion_log_store::{Store, relay::Relay, restore::restore, sqlite};
use uplion_log_transport::{
    nats::{Nats, NatsOptions},
    stream::{Condition, Entry, StreamName, StreamSpec, Streams},
};
use uplion_tests::{
    nats::{Cluster, Server},
    scratch, wait,
};

use crate::{
    backend,
    events::{commit, created, project, renamed},
};

const PATIENCE: Duration = wait::PATIENCE;
const CONTROL: StreamName = StreamName::Control;

/// A store, and streams that outlive whoever is killed.
pub struct Fixture {
    pub store: Store,
    pub streams: Arc<dyn Streams>,
    replicas: u8,
}

macro_rules! on_each_backend {
    ($($fixture:ident($store:expr, $streams:expr, $replicas:expr))* : $rules:tt) => {
        $(on_each_backend!(@one $fixture $store, $streams, $replicas, $rules);)*
    };
    (@one $fixture:ident $store:expr, $streams:expr, $replicas:expr, [$($rule:ident)*]) => {
        mod $fixture {
            use super::*;
            $(
                #[tokio::test]
                async fn $rule() {
                    let (store, streams) = ($store.await, $streams.await);
                    super::$rule(Fixture { store, streams, replicas: $replicas }).await;
                }
            )*
        }
    };
}

on_each_backend!(
    one_process(backend::sqlite(), in_process(), 1)
    postgres_15_and_one_server(backend::postgres_15(), one_server(), 1)
    postgres_18_and_three_nodes(backend::postgres_18(), three_nodes(), 3):
    [
        what_is_committed_is_relayed_in_order_and_found_by_its_position
        every_event_is_relayed_once_though_relays_are_killed
        two_relays_at_once_publish_every_event_once
        a_database_that_went_back_in_time_halts_the_relay_until_it_is_restored
        a_database_that_goes_back_in_time_under_the_relay_halts_it
        a_control_made_anew_is_filled_from_the_first_event_on
        nothing_is_lost_while_control_is_away
    ]
);

#[expect(clippy::unused_async, reason = "the others are")]
async fn in_process() -> Arc<dyn Streams> {
    sqlite::open(&scratch::folder("streams").unwrap()).unwrap().1
}

async fn one_server() -> Arc<dyn Streams> {
    nats(Server::shared().await.account()).await
}

async fn three_nodes() -> Arc<dyn Streams> {
    nats(Cluster::shared().await.account()).await
}

async fn nats(url: String) -> Arc<dyn Streams> {
    let options = NatsOptions { url, name: "tests".into(), ..NatsOptions::default() };
    Nats::connect(options).await.unwrap().log().streams
}

impl Fixture {
    async fn make_control(&self, epoch: u32, first_sequence: u64) {
        let spec = StreamSpec {
            name: CONTROL,
            epoch,
            first_sequence,
            max_bytes: 64 << 20,
            replicas: self.replicas,
            dedup_window: Duration::from_mins(2),
        };
        self.streams.ensure(&spec).await.unwrap();
    }
}

/// Ends with the test.
struct Running {
    relay: Arc<Relay>,
    store: Store,
    task: JoinHandle<()>,
}

impl Running {
    fn start(fixture: &Fixture) -> Self {
        let relay = Relay::new(Arc::clone(&fixture.store.events), Arc::clone(&fixture.streams));
        let relay = Arc::new(relay);
        let running = Arc::clone(&relay);
        let task = tokio::spawn(async move { running.run(CancellationToken::new()).await });
        Self { relay, store: fixture.store.clone(), task }
    }

    async fn reached(&self, position: u64) -> (u32, u64) {
        self.found(position, PATIENCE).await.unwrap()
    }

    /// Of the event that the store has there now.
    async fn found(&self, position: u64, patience: Duration) -> Option<(u32, u64)> {
        let event = self.store.events.after(position - 1, 1).await.unwrap();
        let event = event.into_iter().next().map(|stored| stored.event.id);
        let event = event.unwrap_or_else(|| uplion_domain::EventId::fresh(crate::events::unique()));
        self.relay.wait_for(&event, position, patience).await
    }

    async fn halted(&self) -> String {
        let halted = wait::until_some(PATIENCE, "the relay to halt", || async {
            self.relay.trouble().filter(|trouble| trouble.contains("uplion log restore"))
        });
        halted.await.unwrap()
    }
}

impl Drop for Running {
    /// At whatever point it is.
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn write(store: &Store, count: u64) {
    let project = project();
    for version in 0..count {
        store.events.commit(commit(project, version, vec![renamed(project, "a")])).await.unwrap();
    }
}

/// Of the event store, in order.
async fn committed(store: &Store) -> Vec<EventId> {
    let all = store.events.after(0, 10_000).await.unwrap();
    all.into_iter().map(|stored| stored.event.id).collect()
}

/// Of CONTROL, in order.
async fn published(streams: &dyn Streams) -> Vec<EventId> {
    let identity = streams.identity(CONTROL).await.unwrap();
    let mut cursor = streams.read(CONTROL, identity.first - 1).await.unwrap();
    let mut ids = Vec::new();
    while (ids.len() as u64) < identity.last + 1 - identity.first {
        let records = cursor.next(1_000, PATIENCE).await.unwrap();
        assert!(!records.is_empty(), "CONTROL ended after {}", ids.len());
        ids.extend(records.into_iter().filter_map(Entry::event).map(|record| record.event.id));
    }
    ids
}

async fn what_is_committed_is_relayed_in_order_and_found_by_its_position(fixture: Fixture) {
    fixture.make_control(4, 101).await;
    write(&fixture.store, 300).await;
    let running = Running::start(&fixture);
    assert_eq!(running.reached(300).await, (4, 400));
    assert_eq!(running.reached(7).await, (4, 107));
    write(&fixture.store, 1).await;
    assert_eq!(running.reached(301).await, (4, 401));
    assert_eq!(running.found(302, Duration::from_millis(20)).await, None);
    assert_eq!(published(&*fixture.streams).await, committed(&fixture.store).await);
    assert_eq!(running.relay.trouble(), None);
}

async fn every_event_is_relayed_once_though_relays_are_killed(fixture: Fixture) {
    fixture.make_control(1, 1).await;
    let store = fixture.store.clone();
    let writing = tokio::spawn(async move { write(&store, 200).await });
    let mut kills = 0;
    while !writing.is_finished() {
        let running = Running::start(&fixture);
        // Somewhere between a commit and its acknowledgement, each time elsewhere.
        let next = fixture.streams.identity(CONTROL).await.unwrap().last + 1;
        running.found(next, Duration::from_millis(1 + kills % 7)).await;
        kills += 1;
    }
    writing.await.unwrap();
    Running::start(&fixture).reached(200).await;
    assert_eq!(published(&*fixture.streams).await, committed(&fixture.store).await);
    assert!(kills > 3, "{kills}");
}

async fn two_relays_at_once_publish_every_event_once(fixture: Fixture) {
    fixture.make_control(1, 1).await;
    let relays = [Running::start(&fixture), Running::start(&fixture), Running::start(&fixture)];
    let writers = (0..4).map(|_| {
        let store = fixture.store.clone();
        tokio::spawn(async move { write(&store, 50).await })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    for running in &relays {
        assert_eq!(running.reached(200).await, (1, 200));
    }
    assert_eq!(published(&*fixture.streams).await, committed(&fixture.store).await);
}

async fn a_database_that_went_back_in_time_halts_the_relay_until_it_is_restored(fixture: Fixture) {
    fixture.make_control(1, 1).await;
    write(&fixture.store, 5).await;
    let known = fixture.store.events.after(0, 10).await.unwrap();
    Running::start(&fixture).reached(5).await;
    // CONTROL holds two more, which the store forgot.
    let forgotten = project();
    for event in [created(forgotten, "a"), renamed(forgotten, "b")] {
        let subject = uplion_domain::subject::Subject::Control(crate::events::of(forgotten));
        fixture.streams.append(&subject, event, Condition::default()).await.unwrap();
    }
    write(&fixture.store, 2).await;

    let running = Running::start(&fixture);
    running.halted().await;
    assert_eq!(fixture.streams.identity(CONTROL).await.unwrap().last, 7);
    let events = &*fixture.store.events;
    assert_eq!(restore(events, &*fixture.streams).await.unwrap(), 2);
    assert_eq!(restore(events, &*fixture.streams).await.unwrap(), 0);
    assert_eq!(running.reached(9).await, (1, 9));
    assert_eq!(published(&*fixture.streams).await, committed(&fixture.store).await);
    assert_eq!(fixture.store.events.after(0, 5).await.unwrap(), known);
    let history = fixture.store.events.history(&crate::events::of(forgotten)).await.unwrap();
    assert_eq!(history.iter().map(|stored| stored.version).collect::<Vec<_>>(), [1, 2]);
}

async fn a_database_that_goes_back_in_time_under_the_relay_halts_it(fixture: Fixture) {
    fixture.make_control(1, 1).await;
    write(&fixture.store, 1).await;
    let running = Running::start(&fixture);
    running.reached(1).await;
    let elsewhere = project();
    let subject = uplion_domain::subject::Subject::Control(crate::events::of(elsewhere));
    let unknown = created(elsewhere, "a");
    fixture.streams.append(&subject, unknown, Condition::default()).await.unwrap();
    running.halted().await;
    write(&fixture.store, 1).await;
    assert_eq!(running.found(2, Duration::from_millis(50)).await, None);
    assert_eq!(fixture.streams.identity(CONTROL).await.unwrap().last, 2);
}

async fn a_control_made_anew_is_filled_from_the_first_event_on(fixture: Fixture) {
    fixture.make_control(1, 1).await;
    write(&fixture.store, 100).await;
    let running = Running::start(&fixture);
    running.reached(100).await;
    fixture.streams.delete(CONTROL).await.unwrap();
    fixture.make_control(2, 101).await;
    let filled = wait::until(PATIENCE, "the new CONTROL to be filled", || async {
        running.found(100, PATIENCE).await == Some((2, 200))
    });
    filled.await.unwrap();
    assert_eq!(published(&*fixture.streams).await, committed(&fixture.store).await);
}

async fn nothing_is_lost_while_control_is_away(fixture: Fixture) {
    let running = Running::start(&fixture);
    write(&fixture.store, 3).await;
    wait::until(PATIENCE, "the relay to miss CONTROL", || async {
        running.relay.trouble().is_some_and(|trouble| trouble.contains("CONTROL"))
    })
    .await
    .unwrap();
    fixture.make_control(1, 1).await;
    assert_eq!(running.reached(3).await, (1, 3));
    assert_eq!(running.relay.trouble(), None);
}
