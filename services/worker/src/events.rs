//! What this worker records about itself: started, stopped, failed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use uplion_domain::{
    Envelope, Event, EventId, ModelName, WorkerId,
    worker::{self, FailureReason},
};
use uplion_log_transport::{
    Log,
    stream::{Condition, Streams},
};
use uuid::Uuid;

use crate::{
    clock::Clock,
    metrics::{Metrics, ModelLabels},
    served::ServedUpstream,
};

/// An event is tried so often, a second apart: it informs, and nothing depends on it.
const MAX_TRIES: u32 = 5;
const RETRY: Duration = Duration::from_secs(1);

pub struct WorkerEvents {
    worker: WorkerId,
    streams: Arc<dyn Streams>,
    clock: Clock,
    metrics: Metrics,
}

impl WorkerEvents {
    pub fn new(worker: WorkerId, log: &Log, clock: &Clock, metrics: &Metrics) -> Self {
        let (streams, clock) = (Arc::clone(&log.streams), Arc::clone(clock));
        Self { worker, streams, clock, metrics: metrics.clone() }
    }

    /// Does not wait for it to be recorded.
    pub fn started(self: &Arc<Self>, served: &[ServedUpstream]) {
        let models: BTreeSet<ModelName> = served.iter().map(|one| one.model.clone()).collect();
        let (worker, models, at) = (self.worker, models.into_iter().collect(), (self.clock)());
        self.record_later(worker::Event::Started { worker, models, about: None, at });
    }

    /// Nothing but a person can make this worker serve `model`. Does not wait for it to be recorded.
    pub fn failed(self: &Arc<Self>, model: &ModelName, reason: FailureReason) {
        self.metrics.failures.get_or_create(&ModelLabels::of(model)).inc();
        let (worker, model, at) = (self.worker, model.clone(), (self.clock)());
        self.record_later(worker::Event::Failed { worker, model, reason, at });
    }

    pub async fn stopped(&self) {
        let (worker, at) = (self.worker, (self.clock)());
        self.record(worker::Event::Stopped { worker, at }).await;
    }

    fn record_later(self: &Arc<Self>, event: worker::Event) {
        let events = Arc::clone(self);
        tokio::spawn(async move { events.record(event).await });
    }

    async fn record(&self, event: worker::Event) {
        let at = event.at();
        let id = EventId::fresh(Uuid::now_v7());
        let event = Event::Worker(event);
        let subject = event.subject();
        let envelope = Envelope { id, at, traceparent: None, actor: None, request_id: None, event };
        let unique = Condition { unique: true, last: None };
        for _ in 0..MAX_TRIES {
            match self.streams.append(&subject, envelope.encode(), unique).await {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "worker.event.unrecorded"
                    );
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}
