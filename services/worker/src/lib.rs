//! The worker: takes the tickets of the models that it serves, asks each request's gateway for it, calls an upstream
//! and passes its answer on, metered.
//!
//! Any number may run. Nothing assigns work: whoever has a free slot takes the next ticket.

mod backoff;
mod check;
mod claim;
mod clock;
pub mod demo;
mod events;
mod flow_control;
mod gateways;
mod job;
mod listener;
mod mailbox;
mod meter;
mod metrics;
mod options;
mod presence;
mod puller;
mod pullers;
mod registration;
mod secrets;
mod send_buffer;
mod served;
mod settlement;
mod suspects;
mod ticket;
mod tokens;
mod upstream;
mod upstream_request_id;
mod weighted_balancer;

pub use clock::Clock;
pub use options::{Options, Serve};
pub use secrets::Secrets;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prometheus_client::registry::Registry;
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uplion_domain::{WorkerId, subject::Present};
use uplion_log_transport::{
    Log,
    presence::{Beat, Report, keep_beating},
};
use uuid::Uuid;

use crate::{
    events::WorkerEvents,
    gateways::Gateways,
    metrics::Metrics,
    presence::Places,
    puller::PullerParts,
    pullers::Pullers,
    served::ServedUpstream,
    ticket::Tickets,
    tokens::Tokenizer,
    upstream::{Upstream, UpstreamParts},
};

/// For what is released at the end to be said.
const RELEASE_WITHIN: Duration = Duration::from_secs(5);

pub struct Worker {
    options: Options,
    log: Log,
    gateways: Arc<Gateways>,
    events: Arc<WorkerEvents>,
    pullers: Arc<PullerParts>,
    /// Hands back what is in hand when a stopping worker has waited long enough.
    release_now: CancellationToken,
    metrics: Metrics,
    /// Whether gateways can be heard.
    listening: watch::Sender<bool>,
    knows_what_to_serve: AtomicBool,
}

impl Worker {
    /// Takes no tickets until it [runs](Self::run). The TLS provider is the process's, ring if it has none.
    pub fn start(options: Options, log: Log, clock: Clock) -> anyhow::Result<Self> {
        install_tls_provider();
        if let Some(own) = options.serve.own() {
            Upstream::check(&own, &options.secrets)?;
        }
        let (worker, metrics) = (WorkerId::new(Uuid::now_v7()), Metrics::default());
        let zone = options.zone.clone();
        let release_now = CancellationToken::new();
        let gateways = Arc::new(Gateways::new(worker, &log, &metrics));
        let events = Arc::new(WorkerEvents::new(worker, zone, &log, &clock, &metrics));
        let tickets = Tickets {
            gateways: Arc::clone(&gateways),
            metrics: metrics.clone(),
            clock: Arc::clone(&clock),
            release_now: release_now.clone(),
        };
        let upstreams = UpstreamParts {
            secrets: options.secrets.clone(),
            tokenizer: Arc::default(),
            events: Arc::clone(&events),
            metrics: metrics.clone(),
            clock,
            grace: options.grace,
        };
        let pullers = Arc::new(PullerParts {
            tasks: Arc::clone(&log.tasks),
            upstreams,
            tickets: Arc::new(tickets),
            metrics: metrics.clone(),
            places: Places::default(),
            running: TaskTracker::new(),
        });
        let (listening, knows_what_to_serve) = (watch::Sender::new(false), AtomicBool::new(false));
        Ok(Self {
            options,
            log,
            gateways,
            events,
            pullers,
            release_now,
            metrics,
            listening,
            knows_what_to_serve,
        })
    }

    pub fn id(&self) -> WorkerId {
        self.gateways.worker()
    }

    pub fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Whether it can be heard, knows what to serve, and reaches the broker; otherwise what it lacks.
    pub fn ready(&self) -> Result<(), String> {
        let knows_what_to_serve = self.knows_what_to_serve.load(Ordering::Relaxed);
        let hindrances = [
            (!self.gateways.is_linked(), "the message broker cannot be reached"),
            (!*self.listening.borrow(), "the worker does not hear gateways yet"),
            (!knows_what_to_serve, "it is not known yet which models are to be served"),
        ];
        match hindrances.into_iter().find(|(hinders, _)| *hinders) {
            Some((_, why)) => Err(why.to_owned()),
            None => Ok(()),
        }
    }

    /// Until `shutdown`, and then until what was taken is finished or handed back.
    pub async fn run(&self, shutdown: CancellationToken) -> anyhow::Result<()> {
        // Until nothing is in hand any more.
        let checks = CancellationToken::new();
        let check = check::start(checks.clone()).await?;
        let _ends_checks = checks.drop_guard();
        // It takes a good part of a second, which no request shall wait for.
        tokio::task::spawn_blocking(Tokenizer::load);
        let listen = listener::listen(&self.gateways, |now| {
            self.listening.send_replace(now);
        });
        let pullers = Pullers::new(Arc::clone(&self.pullers), shutdown.clone());
        let serve = async {
            tokio::select! {
                () = shutdown.cancelled() => {}
                never = self.keep_serving(pullers, check) => match never {},
            }
            self.knows_what_to_serve.store(false, Ordering::Relaxed);
            self.drain().await;
        };
        tokio::select! {
            never = listen => match never {},
            never = self.keep_saying(&shutdown) => match never {},
            () = serve => Ok(()),
        }
    }

    /// That it is there, until it has gone.
    async fn keep_saying(&self, shutdown: &CancellationToken) -> Infallible {
        let messages = Arc::clone(&self.log.messages);
        let beat = || Beat {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            leaving: shutdown.is_cancelled(),
            hindrance: self.ready().err(),
            report: Report::Worker(self.pullers.places.report(self.options.zone.clone())),
        };
        keep_beating(messages, Present::Worker(self.id()), beat).await
    }

    /// Pulls for what is to be served, as that changes.
    async fn keep_serving(&self, mut pullers: Pullers, check: ServedUpstream) -> Infallible {
        // A gateway's reply to a claim should be heard.
        let mut listening = self.listening.subscribe();
        let _ = listening.wait_for(|listening| *listening).await;
        let mut set = |served: &[ServedUpstream]| {
            if !self.knows_what_to_serve.swap(true, Ordering::Relaxed) {
                self.events.started(served);
            }
            pullers.set(&[served, std::slice::from_ref(&check)].concat());
        };
        match &self.options.serve {
            Serve::Own { .. } => {
                set(self.options.serve.own().as_slice());
                std::future::pending().await
            }
            Serve::Registered { only } => registration::follow(&self.log, only.clone(), set).await,
        }
    }

    async fn drain(&self) {
        let running = &self.pullers.running;
        running.close();
        if timeout(self.options.drain, running.wait()).await.is_err() {
            self.release_now.cancel();
            // Who cannot even say this has lost the broker.
            let _ = timeout(RELEASE_WITHIN, running.wait()).await;
        }
        self.events.stopped().await;
    }
}

fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may just have installed one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
