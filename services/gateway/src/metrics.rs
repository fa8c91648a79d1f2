//! What a gateway counts. Labels are bounded: models come from the catalog, outcomes and codes from enums.

mod state;

pub use self::state::StateGauges;

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use uplion_domain::request::{Cancelled, Failure, Outcome, Settled};

#[derive(Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    rejections: Family<RejectionLabels, Counter>,
    first_chunk: Family<ModelLabels, Histogram, Latency>,
    settle: Histogram,
    corrections: Counter,
    corrections_waiting: Gauge,
    dropped_messages: Counter,
    dropped_chunks: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    model: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectionLabels {
    code: &'static str,
}

#[derive(Clone)]
struct Latency;

impl MetricConstructor<Histogram> for Latency {
    /// Seconds: half a millisecond to half a minute, doubling.
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.0005, 2.0, 17))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            rejections: Family::default(),
            first_chunk: Family::new_with_constructor(Latency),
            settle: Latency.new_metric(),
            corrections: Counter::default(),
            corrections_waiting: Gauge::default(),
            dropped_messages: Counter::default(),
            dropped_chunks: Counter::default(),
        }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let Self {
            requests,
            rejections,
            first_chunk,
            settle,
            corrections,
            corrections_waiting,
            dropped_messages,
            dropped_chunks,
        } = self.clone();
        registry.register("uplion_gateway_requests", "requests by how they ended", requests);
        registry.register(
            "uplion_gateway_rejections",
            "requests that were not admitted, by error code",
            rejections,
        );
        registry.register(
            "uplion_gateway_first_chunk_seconds",
            "from admission to the first chunk of the answer",
            first_chunk,
        );
        registry.register(
            "uplion_gateway_settle_seconds",
            "from the end of an answer to the log's acknowledgement",
            settle,
        );
        registry.register(
            "uplion_gateway_corrections",
            "answers that were settled and that their clients did not get: what they got instead is written",
            corrections,
        );
        registry.register(
            "uplion_gateway_corrections_waiting",
            "of these, what the log has not acknowledged yet",
            corrections_waiting,
        );
        registry.register(
            "uplion_gateway_dropped_messages",
            "messages of workers that met a full mailbox, and were to be sent again",
            dropped_messages,
        );
        registry.register(
            "uplion_gateway_dropped_chunks",
            "chunks for which there was no memory, and that were to be sent again",
            dropped_chunks,
        );
    }

    pub fn ended(&self, settled: &Settled) {
        let model = settled.model.to_string();
        if let Some(micros) = settled.timings.first_chunk {
            let labels = ModelLabels { model: model.clone() };
            let waited = Duration::from_micros(micros);
            self.first_chunk.get_or_create(&labels).observe(waited.as_secs_f64());
        }
        let labels = RequestLabels { model, outcome: name(&settled.outcome) };
        self.requests.get_or_create(&labels).inc();
    }

    pub fn rejected(&self, code: &'static str) {
        self.rejections.get_or_create(&RejectionLabels { code }).inc();
    }

    pub fn settled_after(&self, waited: Duration) {
        self.settle.observe(waited.as_secs_f64());
    }

    /// Another client was told something else than was settled; until it is dropped, the log has to hear of it.
    pub fn correcting(&self) -> Correcting {
        self.corrections.inc();
        self.corrections_waiting.inc();
        Correcting(self.corrections_waiting.clone())
    }

    pub fn dropped_message(&self) {
        self.dropped_messages.inc();
    }

    pub fn dropped_chunk(&self) {
        self.dropped_chunks.inc();
    }
}

pub struct Correcting(Gauge);

impl Drop for Correcting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

const fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Cancelled(Cancelled::ClientGone) => "cancelled_client_gone",
        Outcome::Cancelled(Cancelled::Deadline) => "cancelled_deadline",
        Outcome::Cancelled(Cancelled::GatewayLost) => "cancelled_gateway_lost",
        Outcome::Failed(Failure::Unavailable) => "failed_unavailable",
        Outcome::Failed(Failure::QueueFull) => "failed_queue_full",
        Outcome::Failed(Failure::UpstreamRejected { .. }) => "failed_upstream_rejected",
        Outcome::Failed(Failure::UpstreamFailed) => "failed_upstream_failed",
        Outcome::Failed(Failure::UpstreamUnreachable) => "failed_upstream_unreachable",
        Outcome::Failed(Failure::WorkerSilent) => "failed_worker_silent",
        Outcome::Failed(Failure::AnswerTooLarge) => "failed_answer_too_large",
        Outcome::Failed(Failure::ModelUnavailable) => "failed_model_unavailable",
        Outcome::Failed(Failure::UpstreamSilent) => "failed_upstream_silent",
        Outcome::Failed(Failure::Unsettled) => "failed_unsettled",
        Outcome::Failed(Failure::Unrecorded) => "failed_unrecorded",
    }
}
