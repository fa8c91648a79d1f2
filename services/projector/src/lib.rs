//! The projector: brings the log home. Archives every event, keeps the projections up to it, ends what never settled.
//!
//! Any number may run; the one that holds the lease works, the others wait for it to be gone.

mod feed;
mod folding;
mod ingest;
mod leadership;
mod metrics;
mod projection_runner;
mod purge;
mod readiness;
mod rebuild;
mod rebuild_turn;
mod sweeper;

pub use ingest::{Adopted, Halt, adopt_stream};
pub use readiness::Readiness;
pub use rebuild::{RebuildError, Verification, rebuild, verify};

use std::{convert::Infallible, sync::Arc, time::Duration};

use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_domain::{ProcessId, Timestamp, subject::Present};
use uplion_log_store::Store;
use uplion_log_transport::{
    Log,
    presence::{Beat, ProjectorReport, Report, keep_beating},
};
use uplion_projections::Projection;
use uuid::Uuid;

use self::readiness::State;

/// Tells the time. The projector's only use of it is the purge's patience.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

#[derive(Debug, Clone)]
pub struct Options {
    /// Names this process among those that wait for the lease.
    pub holder: String,
    /// A lease that is not renewed for so long is another's.
    pub lease: Duration,
    /// An archived event stays on its stream for so long, for readers that come late.
    pub keep_on_stream: Duration,
    /// Past its deadline by so much, a request that nobody settled is settled by the sweeper.
    pub sweep_after: Duration,
    /// How often the sweeper looks. A request waits for its deadline and a minute more, so seconds do not matter.
    pub sweep_every: Duration,
    /// How often what has been archived for long enough is taken from its stream.
    pub purge_every: Duration,
}

pub struct Projector {
    options: Options,
    projections: &'static [&'static dyn Projection],
    log: Log,
    store: Store,
    clock: Clock,
    metrics: metrics::Metrics,
    state: Arc<State>,
}

impl Options {
    pub fn of(holder: String) -> Self {
        Self {
            holder,
            lease: Duration::from_secs(10),
            keep_on_stream: Duration::from_hours(24),
            sweep_after: Duration::from_mins(1),
            sweep_every: Duration::from_secs(5),
            purge_every: Duration::from_mins(1),
        }
    }
}

impl Projector {
    pub fn new(
        options: Options,
        log: Log,
        store: Store,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        registry: &mut Registry,
    ) -> Self {
        let metrics = metrics::Metrics::register(registry);
        let (projections, clock) = (uplion_projections::all(), Arc::new(clock));
        let state = Arc::default();
        registry.register_collector(Box::new(Readiness::of(&state)));
        Self { options, projections, log, store, clock, metrics, state }
    }

    /// Keeps these projections instead of all that there are.
    #[must_use]
    pub fn keeping(self, projections: &'static [&'static dyn Projection]) -> Self {
        Self { projections, ..self }
    }

    /// A handle that outlives [`Projector::run`], for `/ready`.
    pub fn readiness(&self) -> Readiness {
        Readiness::of(&self.state)
    }

    /// Works whenever it holds the lease, until told to stop.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::select! {
            () = leadership::serve(self, &stop) => {}
            never = self.keep_saying() => match never {},
        }
    }

    /// That it is there.
    async fn keep_saying(&self) -> Infallible {
        let (messages, readiness) = (Arc::clone(&self.log.messages), self.readiness());
        let me = Present::Projector(ProcessId::new(Uuid::now_v7()));
        let beat = || Beat {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            leaving: false,
            hindrance: readiness.ready().err(),
            report: Report::Projector(ProjectorReport {}),
        };
        keep_beating(messages, me, beat).await
    }
}
