//! Two controls write at once and are killed, also between a commit and its publication: every event is on CONTROL
//! once, in the order of the commits.
//!
//! Servers of their own, because they are stopped, and the whole of CONTROL is compared.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde_json::json;
use uplion_log_store::{Store, postgres};
use uplion_log_transport::{
    nats::{Nats, NatsOptions},
    stream::{Entry, StreamName, Streams},
};
use uplion_tests::{
    http,
    installation::ADMIN_KEY,
    nats::{Server, SyncInterval},
    postgres::Version,
    uplion::{Role, Uplion},
    wait,
};

const CONTROL: StreamName = StreamName::Control;

struct Fixture {
    // First, so that they end before what they depend on.
    controls: [Uplion; 2],
    nats: Server,
    /// Held, so that it runs as long as they do.
    _postgres: uplion_tests::postgres::Server,
    store: Store,
    nats_url: String,
}

impl Fixture {
    async fn start() -> Self {
        let nats = Server::start(SyncInterval::Default).await.unwrap();
        let postgres = uplion_tests::postgres::Server::start(Version::V15).await.unwrap();
        let (nats_url, database) = (nats.url(), postgres.database().await.unwrap());
        let control = || {
            Role::new("control")
                .option("--nats-url", &nats_url)
                .option("--database-url", &database)
                .env("UPLION_ADMIN_KEY", ADMIN_KEY)
                .launch()
                .unwrap()
        };
        let controls = [control(), control()];
        // A gateway makes the streams.
        let gateway = Role::new("gateway").option("--nats-url", &nats_url).start().await.unwrap();
        for control in &controls {
            control.ready().await.unwrap();
        }
        drop(gateway);
        let store = postgres::connect(&database).await.unwrap();
        Self { controls, nats, _postgres: postgres, store, nats_url }
    }

    async fn streams(&self) -> std::sync::Arc<dyn Streams> {
        let options =
            NatsOptions { url: self.nats_url.clone(), name: "tests".into(), ..Default::default() };
        Nats::connect(options).await.unwrap().log().streams
    }

    /// Whether control said that it is recorded. It may be, also if nobody was told.
    async fn create(&self, control: usize, name: &str) -> bool {
        let url = format!("{}/control/v1/projects", self.controls[control].url());
        let post = http::client().post(url).bearer_auth(ADMIN_KEY);
        match post.json(&json!({ "name": name })).send().await {
            Ok(answer) => answer.status().is_success(),
            Err(_) => false,
        }
    }

    /// CONTROL holds what the event store does, in its order and each once; nothing that was acknowledged is missing.
    async fn holds_each_once_and_in_order(&self, acknowledged: u64) {
        let head = self.store.events.head().await.unwrap();
        assert!(head >= acknowledged, "{head} of {acknowledged}");
        let committed = self.store.events.after(0, 100_000).await.unwrap();
        let committed: Vec<_> = committed.into_iter().map(|stored| stored.event.id).collect();
        let streams = self.streams().await;
        wait::until(wait::PATIENCE, "all to be published", || async {
            streams.identity(CONTROL).await.is_ok_and(|control| control.last >= head)
        })
        .await
        .unwrap();
        let mut cursor = streams.read(CONTROL, 0).await.unwrap();
        let mut published = Vec::new();
        while published.len() < committed.len() {
            let records = cursor.next(1_000, wait::PATIENCE).await.unwrap();
            assert!(!records.is_empty(), "CONTROL ended after {}", published.len());
            published
                .extend(records.into_iter().filter_map(Entry::event).map(|record| record.event.id));
        }
        assert_eq!(published, committed);
        assert_eq!(streams.identity(CONTROL).await.unwrap().last, committed.len() as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_by_a_control_that_is_killed_before_it_publishes_arrives_once() {
    let fixture = Fixture::start().await;
    assert!(fixture.create(0, "before").await);
    // The log does not answer: what is written now is committed, and not published.
    fixture.nats.stop();
    fixture.controls[1].stop();
    let head = async || fixture.store.events.head().await.unwrap();
    // The installation was founded before.
    let before = head().await;
    let writing = fixture.create(0, "in between");
    let next = before + 1;
    let committed = wait::until(wait::PATIENCE, "the commit", || async { head().await == next });
    let killed = async {
        committed.await.unwrap();
        fixture.controls[0].kill();
    };
    let (answered, ()) = tokio::join!(writing, killed);
    assert!(!answered, "killed before it could answer");

    // The publication that was under way may still come out of the socket, while the other relays the same.
    fixture.controls[1].cont();
    fixture.nats.cont();
    fixture.controls[1].ready().await.unwrap();
    assert!(fixture.create(1, "after").await);
    fixture.controls[0].restart().await.unwrap();
    assert!(fixture.create(0, "at last").await);
    assert_eq!(head().await, before + 3);
    fixture.holds_each_once_and_in_order(before + 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_write_by_two_controls_that_are_killed_in_turn_and_each_event_arrives_once() {
    const WRITERS: usize = 8;
    const KILLS: usize = 6;
    let fixture = Fixture::start().await;
    let acknowledged = AtomicU64::new(0);
    let stop = AtomicU64::new(0);
    let write = async |writer: usize| {
        let mut number = 0;
        while stop.load(Ordering::Relaxed) == 0 {
            number += 1;
            let name = format!("{writer} {number}");
            if fixture.create((writer + number) % 2, &name).await {
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let kill = async {
        for kill in 0..KILLS {
            // After some more writes, at whatever point of whichever it then is.
            let seen = acknowledged.load(Ordering::Relaxed);
            let more = seen + 7 + kill as u64;
            wait::until(Duration::from_mins(1), "more writes", || async {
                acknowledged.load(Ordering::Relaxed) >= more
            })
            .await
            .unwrap();
            fixture.controls[kill % 2].restart().await.unwrap();
        }
        stop.store(1, Ordering::Relaxed);
    };
    let writers = futures::future::join_all((0..WRITERS).map(write));
    tokio::join!(kill, writers);
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    assert!(acknowledged > 50, "{acknowledged}");
    fixture.holds_each_once_and_in_order(acknowledged).await;
}
