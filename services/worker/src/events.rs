//! What this worker records about itself: started, ready, failed, stopped.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::timeout};
use uplion_domain::{
    Envelope, Event, EventId, ModelName, WorkerId,
    worker::{self, About, FailureReason},
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
/// A worker that stops waits so long for its last event, and those before it.
const STOP_WITHIN: Duration = Duration::from_secs(10);

pub struct WorkerEvents {
    worker: WorkerId,
    zone: Option<String>,
    streams: Arc<dyn Streams>,
    clock: Clock,
    metrics: Metrics,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Models that were said to be ready.
    ready: BTreeSet<ModelName>,
    /// Records the newest event, after those before it.
    recording: Option<JoinHandle<()>>,
}

impl WorkerEvents {
    /// `zone`: where it runs.
    pub fn new(
        worker: WorkerId,
        zone: Option<String>,
        log: &Log,
        clock: &Clock,
        metrics: &Metrics,
    ) -> Self {
        let (streams, clock) = (Arc::clone(&log.streams), Arc::clone(clock));
        Self { worker, zone, streams, clock, metrics: metrics.clone(), state: Mutex::default() }
    }

    /// It knows what to serve.
    pub fn started(self: &Arc<Self>, served: &[ServedUpstream]) {
        let models: BTreeSet<ModelName> = served.iter().map(|one| one.model.clone()).collect();
        let about = Some(Box::new(self.about(served)));
        let (worker, models, at) = (self.worker, models.into_iter().collect(), (self.clock)());
        self.record_later(worker::Event::Started { worker, models, about, at });
    }

    /// It takes tickets of `model` from now on. Recorded once for each model.
    pub fn ready(self: &Arc<Self>, model: &ModelName) {
        // Every worker serves it.
        if model.is_check() {
            return;
        }
        let is_new =
            self.state.lock().unwrap_or_else(PoisonError::into_inner).ready.insert(model.clone());
        if is_new {
            let (worker, models, at) = (self.worker, vec![model.clone()], (self.clock)());
            self.record_later(worker::Event::Ready { worker, models, at });
        }
    }

    /// Nothing but a person can make this worker serve `model`.
    pub fn failed(self: &Arc<Self>, model: &ModelName, reason: FailureReason) {
        self.metrics.failures.get_or_create(&ModelLabels::of(model)).inc();
        let (worker, model, at) = (self.worker, model.clone(), (self.clock)());
        self.record_later(worker::Event::Failed { worker, model, reason, at });
    }

    /// Returns once it is recorded, or cannot be.
    pub async fn stopped(self: &Arc<Self>) {
        let (worker, at) = (self.worker, (self.clock)());
        self.record_later(worker::Event::Stopped { worker, at });
        let recording = self.state.lock().unwrap_or_else(PoisonError::into_inner).recording.take();
        if let Some(recording) = recording
            && timeout(STOP_WITHIN, recording).await.is_err()
        {
            tracing::warn!(worker = %self.worker, "worker.stop.unrecorded");
        }
    }

    fn about(&self, served: &[ServedUpstream]) -> About {
        let slots = served.iter().map(|one| one.upstream.max_in_flight);
        let mut upstreams = Vec::new();
        for id in served.iter().map(|one| one.upstream.id()) {
            if !upstreams.contains(&id) {
                upstreams.push(id);
            }
        }
        About {
            places: slots.fold(0, u32::saturating_add),
            upstreams,
            zone: self.zone.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// In the order of the calls.
    fn record_later(self: &Arc<Self>, event: worker::Event) {
        let events = Arc::clone(self);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = mem::take(&mut state.recording);
        state.recording = Some(tokio::spawn(async move {
            if let Some(before) = before {
                // Whatever became of it.
                let _ = before.await;
            }
            events.record(event).await;
        }));
    }

    async fn record(&self, event: worker::Event) {
        let (id, at) = (EventId::fresh(Uuid::now_v7()), event.at());
        let event = Event::Worker(event);
        let subject = event.subject();
        let envelope = Envelope { id, at, traceparent: None, actor: None, request_id: None, event };
        for _ in 0..MAX_TRIES {
            match self.streams.append(&subject, envelope.encode(), Condition::default()).await {
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
