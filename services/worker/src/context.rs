//! What all requests of a worker have in common: who it is, the log, its mailboxes, its tokenizer.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uplion_domain::{
    ClaimId, Envelope, Event, EventId, ModelName, Timestamp, WorkerId,
    subject::Subject,
    worker::{self, FailureReason},
};
use uplion_log_transport::{Log, claim::FromWorker, stream::Condition};
use uuid::Uuid;

use crate::{
    mailbox::Mailboxes,
    metrics::{Metrics, ModelLabels},
    room::Rooms,
    secrets::Secrets,
    tokens::Tokenizer,
};

pub struct Context {
    pub worker: WorkerId,
    pub log: Log,
    pub secrets: Secrets,
    pub mailboxes: Mailboxes,
    pub rooms: Rooms,
    pub tokenizer: Arc<Tokenizer>,
    pub metrics: Metrics,
}

/// An event of the worker itself is tried so often, a second apart: it informs, and nothing depends on it.
const TRIES: u32 = 5;

impl Context {
    pub fn new(log: Log, secrets: Secrets) -> Self {
        Self {
            worker: WorkerId::new(Uuid::now_v7()),
            log,
            secrets,
            mailboxes: Mailboxes::default(),
            rooms: Rooms::default(),
            tokenizer: Arc::default(),
            metrics: Metrics::default(),
        }
    }

    /// What is lost is said again: by the rhythm of the protocol, not here.
    pub async fn say(&self, to: &Subject, message: &FromWorker) {
        if let Err(error) = self.log.messages.send(to, message.encode()).await {
            self.metrics.unsent.inc();
            tracing::debug!(%error, "message to a gateway was not sent");
        }
    }

    /// Records that nothing but a person can make this worker serve `model`, without waiting for it.
    pub fn failed(self: &Arc<Self>, model: &ModelName, reason: FailureReason) {
        self.metrics.failures.get_or_create(&ModelLabels::of(model)).inc();
        let context = Arc::clone(self);
        let (worker, model, at) = (self.worker, model.clone(), now());
        let event = worker::Event::Failed { worker, model, reason, at };
        tokio::spawn(async move { context.record(event).await });
    }

    /// Records what became of this worker.
    pub async fn record(&self, event: worker::Event) {
        let (worker::Event::Started { at, .. }
        | worker::Event::Stopped { at, .. }
        | worker::Event::Failed { at, .. }) = event;
        let id = EventId::fresh(Uuid::now_v7());
        let event = Event::Worker(event);
        let subject = event.subject();
        let envelope = Envelope { id, at, traceparent: None, actor: None, request_id: None, event };
        let unique = Condition { unique: true, last: None };
        for _ in 0..TRIES {
            match self.log.streams.append(&subject, envelope.encode(), unique).await {
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "an event of this worker is not recorded yet"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

pub fn new_claim() -> ClaimId {
    ClaimId::new(Uuid::now_v7())
}

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
