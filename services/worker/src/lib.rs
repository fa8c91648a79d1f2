//! The worker: takes the tickets of the models that it serves, asks each request's gateway for it, calls an upstream
//! and passes its answer on, metered.
//!
//! Any number may run. Nothing assigns work: whoever has a free slot takes the next ticket.

mod backoff;
mod body;
mod claim;
mod context;
pub mod demo;
mod job;
mod mailbox;
mod meter;
mod metrics;
mod options;
mod outbox;
mod puller;
mod registration;
mod room;
mod roster;
mod secrets;
mod settle;
mod shares;
mod ticket;
mod tokens;
mod upstream;
mod vigil;

pub use options::{Options, Serve};
pub use secrets::Secrets;

use std::{
    collections::BTreeSet,
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
use uplion_domain::{ModelName, WorkerId, worker::Event};
use uplion_log_transport::{Log, message::Link};

use crate::{
    context::{Context, now},
    roster::{Place, Roster},
};

/// For what is handed back at the end to be said.
const HAND_BACK: Duration = Duration::from_secs(5);

pub struct Worker {
    options: Options,
    context: Arc<Context>,
    /// Whether gateways can be heard.
    listening: watch::Sender<bool>,
    /// Whether it is known what to serve.
    informed: AtomicBool,
}

impl Worker {
    /// Takes no tickets until it [runs](Self::run). The TLS provider is the process's, ring if it has none.
    pub fn start(options: Options, log: Log) -> anyhow::Result<Self> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else may just have installed one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        if let Serve::Own { model, upstream } = &options.serve {
            upstream::Upstream::new(model.clone(), upstream, &options.secrets)?;
        }
        let context = Arc::new(Context::new(log, options.secrets.clone()));
        let listening = watch::Sender::new(false);
        Ok(Self { options, context, listening, informed: AtomicBool::new(false) })
    }

    pub fn id(&self) -> WorkerId {
        self.context.worker
    }

    pub fn register_metrics(&self, registry: &mut Registry) {
        self.context.metrics.register(registry);
    }

    /// Whether it can be heard, knows what to serve, and reaches the broker.
    pub fn ready(&self) -> bool {
        *self.listening.borrow()
            && self.informed.load(Ordering::Relaxed)
            && *self.context.log.messages.link().borrow() != Link::Down
    }

    /// Until `shutdown`, and then until what was taken is finished or handed back.
    pub async fn run(&self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let (tracker, hand_back) = (TaskTracker::new(), CancellationToken::new());
        let roster = Roster::new(
            Arc::clone(&self.context),
            tracker.clone(),
            shutdown.clone(),
            hand_back.clone(),
        );
        // It takes a good part of a second, which no request shall wait for.
        tokio::task::spawn_blocking(tokens::Tokenizer::load);
        let listen = mailbox::listen(&self.context, |now| {
            self.listening.send_replace(now);
        });
        let serve = async {
            tokio::select! {
                () = shutdown.cancelled() => {}
                never = self.fill(roster) => match never {},
            }
            self.informed.store(false, Ordering::Relaxed);
            self.drain(&tracker, &hand_back).await;
        };
        tokio::select! {
            never = listen => match never {},
            () = serve => Ok(()),
        }
    }

    /// Keeps the roster as it should be.
    async fn fill(&self, mut roster: Roster) -> Infallible {
        // An answer to a claim should be heard.
        let mut listening = self.listening.subscribe();
        let _ = listening.wait_for(|listening| *listening).await;
        let mut set = |places: &[Place]| {
            roster.set(places);
            if !self.informed.swap(true, Ordering::Relaxed) {
                self.started(places);
            }
        };
        match &self.options.serve {
            Serve::Own { model, upstream } => {
                set(&[Place { model: model.clone(), upstream: upstream.as_ref().clone() }]);
                std::future::pending().await
            }
            Serve::Registered { only } => {
                registration::follow(&self.context.log, only.clone(), set).await
            }
        }
    }

    fn started(&self, places: &[Place]) {
        let models: BTreeSet<ModelName> = places.iter().map(|place| place.model.clone()).collect();
        let (worker, models, at) = (self.context.worker, models.into_iter().collect(), now());
        let context = Arc::clone(&self.context);
        tokio::spawn(async move { context.record(Event::Started { worker, models, at }).await });
    }

    async fn drain(&self, tracker: &TaskTracker, hand_back: &CancellationToken) {
        tracker.close();
        if timeout(self.options.drain, tracker.wait()).await.is_err() {
            hand_back.cancel();
            // Who cannot even say this has lost the broker.
            let _ = timeout(HAND_BACK, tracker.wait()).await;
        }
        let (worker, at) = (self.context.worker, now());
        self.context.record(Event::Stopped { worker, at }).await;
    }
}
