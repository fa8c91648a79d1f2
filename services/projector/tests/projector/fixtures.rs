//! What the projector stands on, and projectors on it.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uplion_domain::{Envelope, Timestamp};
use uplion_log_store::{Store, archive::Archived, postgres, rows::Copy, sqlite};
use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    nats::{Nats, NatsOptions},
    stream::{Condition, StreamName, StreamSpec},
};
use uplion_projections::{
    Projection,
    totals::Totals,
    usage_by_hour::{self, Grouped},
};
use uplion_projector::{Options, Projector, Readiness};
use uplion_tests::{
    nats,
    postgres::{Server, Version},
    scratch, wait,
};

/// Runs each rule on each fixture.
#[macro_export]
macro_rules! on_each {
    ([$($rule:ident)*]) => {
        $crate::on_each!(@one sqlite [$($rule)*]);
        $crate::on_each!(@one postgres_and_nats [$($rule)*]);
    };
    (@one $fixture:ident [$($rule:ident)*]) => {
        mod $fixture {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    super::$rule($crate::fixtures::Fixture::$fixture().await).await;
                }
            )*
        }
    };
}

pub struct Fixture {
    pub log: Log,
    pub store: Store,
    database: Database,
    clock: Arc<Clock>,
}

enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

/// How far the projectors' clock is ahead, and how often they looked at it.
#[derive(Default)]
struct Clock {
    ahead_micros: AtomicI64,
    looks: AtomicU64,
}

/// A projector at work.
pub struct Running {
    pub readiness: Readiness,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Fixture {
    pub async fn sqlite() -> Self {
        let folder = scratch::folder("projector").unwrap();
        let (store, streams) = sqlite::open(&folder).unwrap();
        let (tasks, messages) =
            (Arc::<InProcessTasks>::default(), Arc::<InProcessMessages>::default());
        let log = Log { streams, tasks, messages, keys: None };
        Self::over(log, store, Database::Sqlite(folder.join("store.db"))).await
    }

    pub async fn postgres_and_nats() -> Self {
        let url = nats::Server::shared().await.account();
        let options = NatsOptions { url, name: "projector".into(), ..NatsOptions::default() };
        let log = Nats::connect(options).await.unwrap().log();
        let database = Server::shared(Version::V18).await.database().await.unwrap();
        let store = postgres::connect(&database).await.unwrap();
        Self::over(log, store, Database::Postgres(database)).await
    }

    async fn over(log: Log, store: Store, database: Database) -> Self {
        let fixture = Self { log, store, database, clock: Arc::default() };
        for name in StreamName::ALL {
            fixture.make(name, 1).await;
        }
        fixture
    }

    pub async fn make(&self, name: StreamName, epoch: u32) {
        let spec = StreamSpec {
            name,
            epoch,
            first_sequence: 1,
            max_bytes: 64 << 20,
            replicas: 1,
            dedup_window: Duration::from_mins(1),
        };
        self.log.streams.ensure(&spec).await.unwrap();
    }

    /// Another stream under the same name.
    pub async fn make_anew(&self, name: StreamName) {
        self.log.streams.delete(name).await.unwrap();
        self.make(name, 2).await;
    }

    pub fn options(holder: &str) -> Options {
        Options {
            lease: Duration::from_secs(2),
            sweep_every: Duration::from_millis(50),
            purge_every: Duration::from_hours(1),
            ..Options::of(holder.into())
        }
    }

    pub fn start(&self, holder: &str) -> Running {
        self.start_with(Self::options(holder), uplion_projections::all())
    }

    pub fn start_with(
        &self,
        options: Options,
        projections: &'static [&'static dyn Projection],
    ) -> Running {
        let (log, store, clock) = (self.log.clone(), self.store.clone(), Arc::clone(&self.clock));
        let clock = move || clock.now();
        let projector = Projector::new(options, log, store, clock, &mut Registry::default());
        let projector = projector.keeping(projections);
        let (readiness, stop) = (projector.readiness(), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move { projector.run(stopped).await });
        Running { readiness, stop, task }
    }

    pub async fn append(&self, envelope: &Envelope) {
        self.append_if(envelope, Condition::default()).await;
    }

    pub async fn append_if(&self, envelope: &Envelope, condition: Condition) {
        let (subject, event) = (envelope.event.subject(), envelope.encode());
        self.log.streams.append(&subject, event, condition).await.unwrap();
    }

    pub async fn append_all(&self, envelopes: impl IntoIterator<Item = Envelope>) {
        for envelope in envelopes {
            self.append(&envelope).await;
        }
    }

    /// The whole archive, once it holds so many events.
    pub async fn archived(&self, events: u64) -> Vec<Archived> {
        let there = async || self.store.archive.head().await.unwrap() >= events;
        wait::until(wait::PATIENCE, "the events to be archived", there).await.unwrap();
        let archived = self.store.archive.read(0, 100_000, false).await.unwrap();
        assert_eq!(archived.len() as u64, events);
        archived
    }

    /// The whole archive, once it holds so many events and every projection has come to them.
    pub async fn projected(&self, events: u64) -> Vec<Archived> {
        let archived = self.archived(events).await;
        for projection in uplion_projections::all() {
            self.reached(projection.name(), events).await;
        }
        archived
    }

    pub async fn reached(&self, projection: &str, pos: u64) {
        let rows = &self.store.rows;
        let there = async || {
            let checkpoint = rows.checkpoint(projection, Copy::Live).await.unwrap();
            checkpoint.is_some_and(|checkpoint| checkpoint.pos >= pos)
        };
        wait::until(wait::PATIENCE, "a projection to catch up", there).await.unwrap();
    }

    pub async fn halted(&self, projection: &str) -> Option<String> {
        self.store.rows.checkpoint(projection, Copy::Live).await.unwrap().unwrap().halted
    }

    /// All usage that there is.
    pub async fn usage(&self) -> Totals {
        let parameters = Grouped { limit: 1, ..Grouped::default() }.values();
        let rows = self.store.rows.query(&usage_by_hour::GROUPED, &parameters).await.unwrap();
        let row = rows.into_iter().next();
        row.map(|row| usage_by_hour::Group::from_row(row).totals).unwrap_or_default()
    }

    /// What no projector would do to its tables.
    pub async fn by_hand(&self, sql: &str) {
        match &self.database {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(wait::PATIENCE).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Database::Postgres(url) => {
                let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
                let (client, connection) = connected.unwrap();
                let connection = tokio::spawn(connection);
                client.batch_execute(sql).await.unwrap();
                drop(client);
                connection.await.unwrap().unwrap();
            }
        }
    }

    /// Drops a table, and on Postgres the view over it.
    pub async fn lose(&self, table: &str) {
        let and_views = match self.database {
            Database::Sqlite(_) => "",
            Database::Postgres(_) => "CASCADE",
        };
        self.by_hand(&format!("DROP TABLE {table} {and_views}")).await;
    }

    /// The projectors' clock is so far ahead from now on.
    pub fn put_clock_ahead(&self, by: Duration) {
        self.shift_clock(i64::try_from(by.as_micros()).unwrap());
    }

    /// The same, also backwards.
    pub fn shift_clock(&self, micros: i64) {
        self.clock.ahead_micros.store(micros, Ordering::SeqCst);
    }

    /// Waits until the projectors have looked at the clock several times more.
    pub async fn looked(&self) {
        let before = self.clock.looks.load(Ordering::SeqCst);
        let looked = async || self.clock.looks.load(Ordering::SeqCst) >= before + 4;
        wait::until(wait::PATIENCE, "the clock to be looked at", looked).await.unwrap();
    }
}

impl Clock {
    fn now(&self) -> Timestamp {
        self.looks.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_micros(now().micros() + self.ahead_micros.load(Ordering::SeqCst))
    }
}

impl Running {
    /// As on SIGTERM.
    pub async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// As on SIGKILL: it says goodbye to nobody.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    pub async fn working(&self) {
        let working = async || self.readiness.working();
        wait::until(wait::PATIENCE, "the projector to work", working).await.unwrap();
    }

    /// Waits until it is not ready and says why in these words.
    pub async fn in_trouble(&self, words: &str) {
        let told = async || self.readiness.ready().is_err_and(|trouble| trouble.contains(words));
        let waited = wait::until(wait::PATIENCE, words, told).await;
        waited.unwrap_or_else(|error| panic!("{error}, but: {:?}", self.readiness.ready()));
    }

    pub async fn ready(&self) {
        let ready = async || self.readiness.ready().is_ok();
        let waited = wait::until(wait::PATIENCE, "readiness", ready).await;
        waited.unwrap_or_else(|error| panic!("{error}: {:?}", self.readiness.ready()));
    }
}

#[expect(clippy::disallowed_methods, reason = "what a test makes is of now")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}
