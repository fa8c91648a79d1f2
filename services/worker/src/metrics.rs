//! What a worker counts.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use uplion_domain::{ModelName, model::UpstreamId, request::AttemptOutcome};
use uplion_log_transport::claim::{End, ReleaseReason};

use crate::upstream::health::HealthState;

#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub tasks: Family<TaskLabels, Counter>,
    pub running: Family<ModelLabels, Gauge>,
    pub failures: Family<ModelLabels, Counter>,
    pub attempts: Family<AttemptLabels, Counter>,
    pub health: Family<HealthLabels, Gauge>,
    pub sent_bytes: Counter,
    pub resent_chunks: Counter,
    pub unsent: Counter,
    pub unreadable: Counter,
    pub take_errors: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ModelLabels {
    pub model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TaskLabels {
    pub model: String,
    pub outcome: TaskOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttemptLabels {
    pub model: String,
    pub upstream: String,
    pub outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HealthLabels {
    pub model: String,
    pub upstream: String,
    pub state: HealthLabel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum HealthLabel {
    Up,
    Resting,
    Down,
}

/// What became of a ticket at this worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum TaskOutcome {
    Unanswered,
    GatewaySuspected,
    Waited,
    Dropped,
    Complete,
    Rejected,
    Broken,
    TooLarge,
    Silent,
    Busy,
    UpstreamFailed,
    Unreachable,
    TimedOut,
    WorkerFailed,
    NoneLeft,
    Draining,
    GatewayLost,
    Abandoned,
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("uplion_worker");
        let Self {
            tasks,
            running,
            failures,
            attempts,
            health,
            sent_bytes,
            resent_chunks,
            unsent,
            unreadable,
            take_errors,
        } = self.clone();
        registry.register("tasks", "Tickets by what became of them here", tasks);
        registry.register("running", "Tickets in hand", running);
        registry.register("failures", "Times that only a person could mend an upstream", failures);
        registry.register("attempts", "Calls of upstreams by how they ended", attempts);
        let help = "1 for the state that an upstream is in: Up, Resting or Down";
        registry.register("upstream_health", help, health);
        registry.register("sent_bytes", "Bytes of answers sent to gateways", sent_bytes);
        registry.register("resent_chunks", "Chunks sent again", resent_chunks);
        registry.register("unsent_messages", "Messages that the broker did not take", unsent);
        registry.register("unreadable_messages", "Messages that could not be read", unreadable);
        registry.register("take_errors", "Failed attempts to take tickets", take_errors);
    }

    pub fn count(&self, model: &ModelName, outcome: TaskOutcome) {
        self.tasks.get_or_create(&TaskLabels { model: model.to_string(), outcome }).inc();
    }
}

impl Metrics {
    pub fn attempted(&self, model: &ModelName, upstream: &UpstreamId, outcome: &AttemptOutcome) {
        let (model, upstream) = (model.to_string(), upstream.to_string());
        let labels = AttemptLabels { model, upstream, outcome: outcome.as_str().to_owned() };
        self.attempts.get_or_create(&labels).inc();
    }

    pub fn set_health(&self, model: &ModelName, upstream: &UpstreamId, health: HealthState) {
        let now = match health {
            HealthState::Up => HealthLabel::Up,
            HealthState::Resting { .. } => HealthLabel::Resting,
            HealthState::Down(_) => HealthLabel::Down,
        };
        for labels in HealthLabels::of(model, upstream) {
            let is_so = i64::from(labels.state == now);
            self.health.get_or_create(&labels).set(is_so);
        }
    }

    /// The upstream is no longer called.
    pub fn forget_health(&self, model: &ModelName, upstream: &UpstreamId) {
        for labels in HealthLabels::of(model, upstream) {
            self.health.remove(&labels);
        }
    }
}

impl HealthLabels {
    fn of(model: &ModelName, upstream: &UpstreamId) -> [Self; 3] {
        [HealthLabel::Up, HealthLabel::Resting, HealthLabel::Down].map(|state| {
            let (model, upstream) = (model.to_string(), upstream.to_string());
            Self { model, upstream, state }
        })
    }
}

impl ModelLabels {
    pub fn of(model: &ModelName) -> Self {
        Self { model: model.to_string() }
    }
}

impl From<End> for TaskOutcome {
    fn from(end: End) -> Self {
        match end {
            End::Complete => Self::Complete,
            End::Rejected { .. } => Self::Rejected,
            End::Broken => Self::Broken,
            End::TooLarge => Self::TooLarge,
            End::Silent => Self::Silent,
        }
    }
}

impl From<ReleaseReason> for TaskOutcome {
    fn from(reason: ReleaseReason) -> Self {
        match reason {
            ReleaseReason::Busy => Self::Busy,
            ReleaseReason::UpstreamFailed => Self::UpstreamFailed,
            ReleaseReason::Unreachable => Self::Unreachable,
            ReleaseReason::TimedOut => Self::TimedOut,
            ReleaseReason::WorkerFailed => Self::WorkerFailed,
            ReleaseReason::NoneLeft => Self::NoneLeft,
            ReleaseReason::Draining => Self::Draining,
        }
    }
}
