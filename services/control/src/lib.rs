//! Control: the API for administrators. Writes go through the event store and the relay onto the log; reads come from
//! the projections.

mod aggregate;
mod api;
mod auth;
mod caller;
mod contract;
mod headers;
mod http;
mod idempotency;
mod installation;
mod labels;
mod log_state;
mod log_watch;
mod metrics;
mod names;
mod origin;
pub mod permissions;
mod person;
mod position;
mod presence;
mod problem;
mod publication;
mod reading;
mod receipt;
mod secret;
mod write;

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use poem::{Endpoint, Response};
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uplion_log_store::{Store, lease::Leases, people::People, relay::Relay};
use uplion_log_transport::Log;

pub use api::PATH;
pub use installation::{FoundError, Plan};

use crate::{
    auth::{
        AdminKey, Authenticator, memberships::Memberships, password::Passwords, sign_in::SignIns,
        throttle::Throttle,
    },
    contract::Contract,
    idempotency::FingerprintKey,
    installation::Foundation,
    labels::Labels,
    metrics::Metrics,
    names::Names,
    presence::Roll,
    publication::Publication,
    reading::Reader,
    write::Writer,
};

/// The API's description, as it is committed in `openapi/`; a test holds it to the code.
pub const OPENAPI: &str = include_str!("../../../openapi/control.json");

const SHORTEST_ADMIN_KEY: usize = 16;

#[derive(Clone)]
pub struct Options {
    /// What the first administrator shows. At least 16 characters.
    pub admin_key: String,
    /// How long a write waits for the log before it is answered with 202.
    pub ack_patience: Duration,
    /// How long a write that is said again under its `Idempotency-Key` is recognised.
    pub writes_remembered: Duration,
    /// Proxies of ours in front, of which each adds to `X-Forwarded-For` whom it had the call from. Too many, and
    /// callers choose their own address; too few, and all callers share one.
    pub proxies: usize,
    /// What the installation is founded with at the first start.
    pub plan: Plan,
    /// Other origins whose pages may call, as browsers write them: `https://console.example.org`.
    pub allowed_origins: Vec<String>,
}

impl Options {
    pub fn new(admin_key: impl Into<String>) -> Self {
        Self {
            admin_key: admin_key.into(),
            ack_patience: Duration::from_secs(5),
            writes_remembered: Duration::from_hours(7 * 24),
            proxies: 0,
            plan: Plan::default(),
            allowed_origins: Vec::new(),
        }
    }
}

/// A running control: its relay works until it is stopped or dropped.
pub struct Control {
    parts: Parts,
    contract: Arc<Contract>,
    metrics: Metrics,
    proxies: usize,
    relay: Arc<Relay>,
    stop: CancellationToken,
    relaying: JoinHandle<()>,
}

/// What the operations are made of.
#[derive(Clone)]
struct Parts {
    writer: Writer,
    reader: Reader,
    names: Names,
    labels: Labels,
    sign_ins: SignIns,
    authenticator: Authenticator,
    people: Arc<dyn People>,
    leases: Arc<dyn Leases>,
    foundation: Foundation,
    roll: Roll,
}

impl Control {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever starts it hands its log and store over"
    )]
    /// Needs a runtime. Neither the log nor the database need be there yet: both are retried.
    pub fn start(options: Options, log: Log, store: Store) -> anyhow::Result<Self> {
        let Options { admin_key, ack_patience, writes_remembered, proxies, plan, allowed_origins } =
            options;
        ensure!(
            admin_key.chars().count() >= SHORTEST_ADMIN_KEY,
            "the admin key is too short: give at least {SHORTEST_ADMIN_KEY} characters, for example from `openssl rand -hex 24`"
        );
        let metrics = Metrics::default();
        let relay = Arc::new(Relay::new(Arc::clone(&store.events), Arc::clone(&log.streams)));
        let publication = Publication { relay: Arc::clone(&relay), patience: ack_patience };
        let writer = Writer {
            events: Arc::clone(&store.events),
            publication,
            metrics: metrics.clone(),
            remembered: writes_remembered,
            fingerprint_key: FingerprintKey::of(&admin_key),
        };
        let authenticator = Authenticator {
            admin_key: AdminKey::new(&admin_key),
            events: Arc::clone(&store.events),
            memberships: Memberships::new(Arc::clone(&store.events)),
            allowed_origins: allowed_origins.into(),
        };
        let foundation = Foundation::new(Arc::clone(&store.events), plan);
        let parts = Parts::new(&log, &store, writer, authenticator, foundation);
        let stop = CancellationToken::new();
        tokio::spawn(log_watch::watch_relay(
            Arc::clone(&store.events),
            Arc::clone(&relay),
            metrics.clone(),
            stop.clone(),
        ));
        let (reader, log_metrics) = (parts.reader.clone(), metrics.log.clone());
        tokio::spawn(log_watch::watch_log(reader, log_metrics, stop.clone()));
        let relaying = tokio::spawn({
            let (relay, stop) = (Arc::clone(&relay), stop.clone());
            async move { relay.run(stop).await }
        });
        tokio::spawn({
            let (messages, readiness) = (Arc::clone(&log.messages), Readiness(Arc::clone(&relay)));
            let stop = stop.clone();
            stop.run_until_cancelled_owned(presence::keep_saying(messages, readiness))
        });
        let contract = Arc::new(Contract::of(&api::document(&parts)));
        Ok(Self { parts, contract, metrics, proxies, relay, stop, relaying })
    }

    /// Founds the installation at the first start. An error if it is founded with another currency or time zone than
    /// the options say: they never change.
    pub async fn found(&self) -> Result<(), FoundError> {
        self.parts.foundation.found(&self.parts.writer).await
    }

    /// Everything under [`PATH`], and a problem for whatever else is asked of it.
    pub fn routes(&self) -> impl Endpoint<Output = Response> + use<> {
        let contract = Arc::clone(&self.contract);
        http::routes(&self.parts, contract, self.metrics.clone(), self.proxies)
    }

    /// The API's description, written from the code.
    pub fn openapi(&self) -> String {
        format!("{:#}", api::document(&self.parts))
    }

    /// Otherwise what is wrong, for people.
    pub fn ready(&self) -> Result<(), String> {
        self.readiness().ready()
    }

    /// A handle for `/ready` that outlives this.
    pub fn readiness(&self) -> Readiness {
        Readiness(Arc::clone(&self.relay))
    }

    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// What was recorded and not published yet is published by the next control.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.relaying).await {
            tracing::error!(%error, "control.relay.failed");
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
pub struct Readiness(Arc<Relay>);

impl Readiness {
    /// Otherwise what is wrong, for people.
    pub fn ready(&self) -> Result<(), String> {
        match self.0.trouble() {
            None => Ok(()),
            Some(trouble) => Err(format!("changes do not reach the log: {trouble}")),
        }
    }
}

impl Parts {
    fn new(
        log: &Log,
        store: &Store,
        writer: Writer,
        authenticator: Authenticator,
        foundation: Foundation,
    ) -> Self {
        let reader = Reader {
            rows: Arc::clone(&store.rows),
            archive: Arc::clone(&store.archive),
            quarantine: Arc::clone(&store.quarantine),
            streams: Arc::clone(&log.streams),
        };
        let sign_ins = SignIns {
            events: Arc::clone(&store.events),
            people: Arc::clone(&store.people),
            passwords: Passwords::for_this_machine(),
            throttle: Arc::new(Throttle::new()),
            metrics: writer.metrics.clone(),
        };
        Self {
            sign_ins,
            authenticator,
            writer,
            names: Names { events: Arc::clone(&store.events), people: Arc::clone(&store.people) },
            labels: Labels { reader: reader.clone(), foundation: foundation.clone() },
            foundation,
            people: Arc::clone(&store.people),
            leases: Arc::clone(&store.leases),
            roll: Roll::follow(Arc::clone(&log.messages)),
            reader,
        }
    }
}
