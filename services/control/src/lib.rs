//! Control: the API for administrators. Writes go through the event store and the relay onto the log; reads come from
//! the projections.

mod acks;
mod admin;
mod aggregate;
mod api;
mod headers;
mod http;
mod labels;
mod metrics;
mod names;
mod position;
mod problem;
mod reading;
mod receipt;
mod relaying;
mod secret;
mod write;

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use poem::{Endpoint, Response};
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uplion_log_store::Store;
use uplion_log_transport::Log;

pub use api::PATH;

use crate::{
    acks::Acks,
    admin::AdminKey,
    labels::Labels,
    metrics::Metrics,
    names::Names,
    reading::Reader,
    relaying::{Relaying, State},
    write::Writer,
};

/// The API's description, as it is committed in `openapi/`; a test holds it to the code.
pub const OPENAPI: &str = include_str!("../../../openapi/control.json");

const SHORTEST_ADMIN_KEY: usize = 16;

#[derive(Clone)]
pub struct Options {
    /// What the first administrator shows. At least 16 characters.
    pub admin_key: String,
    /// Names this process among those that wait to be the relay.
    pub holder: String,
    /// How long a write waits for the log before it is answered with 202.
    pub ack_patience: Duration,
}

impl Options {
    pub fn new(admin_key: impl Into<String>, holder: impl Into<String>) -> Self {
        let (admin_key, holder) = (admin_key.into(), holder.into());
        Self { admin_key, holder, ack_patience: Duration::from_secs(5) }
    }
}

/// A running control: its relay works until it is stopped or dropped.
pub struct Control {
    parts: Parts,
    admin_key: AdminKey,
    metrics: Metrics,
    state: Arc<State>,
    stop: CancellationToken,
    relay: JoinHandle<()>,
}

/// What the operations are made of.
#[derive(Clone)]
struct Parts {
    writer: Writer,
    reader: Reader,
    names: Names,
    labels: Labels,
    acks: Acks,
}

impl Control {
    /// Needs a runtime. Neither the log nor the database need be there yet: both are retried.
    pub fn start(options: Options, log: Log, store: Store) -> anyhow::Result<Self> {
        let Options { admin_key, holder, ack_patience } = options;
        ensure!(
            admin_key.chars().count() >= SHORTEST_ADMIN_KEY,
            "the admin key is too short: give at least {SHORTEST_ADMIN_KEY} characters, for example from `openssl rand -hex 24`"
        );
        let metrics = Metrics::default();
        let parts = Parts::new(&log, &store, metrics.clone(), ack_patience);
        let state = Arc::new(State::default());
        let stop = CancellationToken::new();
        let relaying = Relaying { holder, log, store, state: Arc::clone(&state) };
        let relay = tokio::spawn(relaying.run(stop.clone()));
        Ok(Self { parts, admin_key: AdminKey::new(&admin_key), metrics, state, stop, relay })
    }

    /// Everything under [`PATH`], and a problem for whatever else is asked of it.
    pub fn routes(&self) -> impl Endpoint<Output = Response> + use<> {
        http::routes(&self.parts, self.admin_key.clone(), self.metrics.clone())
    }

    /// The API's description, written from the code.
    pub fn openapi(&self) -> String {
        api::service(&self.parts).spec()
    }

    /// Otherwise what is wrong, for people.
    pub fn ready(&self) -> Result<(), String> {
        self.state.ready()
    }

    /// A handle for `/ready` that outlives this.
    pub fn readiness(&self) -> Readiness {
        Readiness(Arc::clone(&self.state))
    }

    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Lets the relay finish what it is about, and another one take over at once.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.relay).await {
            tracing::error!(%error, "control.relay");
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Whether control does what it is there for.
#[derive(Clone)]
pub struct Readiness(Arc<State>);

impl Readiness {
    /// Otherwise what is wrong, for people.
    pub fn ready(&self) -> Result<(), String> {
        self.0.ready()
    }
}

impl Parts {
    fn new(log: &Log, store: &Store, metrics: Metrics, ack_patience: Duration) -> Self {
        let reader = Reader {
            rows: Arc::clone(&store.rows),
            archive: Arc::clone(&store.archive),
            streams: Arc::clone(&log.streams),
        };
        let acks = Acks::new(Arc::clone(&store.events), Arc::clone(&log.streams), ack_patience);
        Self {
            writer: Writer { events: Arc::clone(&store.events), acks: acks.clone(), metrics },
            names: Names { events: Arc::clone(&store.events) },
            labels: Labels { reader: reader.clone() },
            reader,
            acks,
        }
    }
}
