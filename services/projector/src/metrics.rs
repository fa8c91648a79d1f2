//! What the projector shows at `/metrics`.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use uplion_log_transport::stream::StreamName;

#[derive(Debug, Clone)]
pub struct Metrics {
    archived: Family<OfStream, Counter>,
    sequence: Family<OfStream, Gauge>,
    foreign: Family<OfStream, Counter>,
    pos: Family<OfProjection, Gauge>,
    swept: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStream {
    stream: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProjection {
    projection: &'static str,
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            archived: Family::default(),
            sequence: Family::default(),
            foreign: Family::default(),
            pos: Family::default(),
            swept: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("uplion_projector");
        registry.register(
            "archived_events",
            "Events archived by this process",
            metrics.archived.clone(),
        );
        registry.register(
            "archived_sequence",
            "Sequence of the newest archived event",
            metrics.sequence.clone(),
        );
        registry.register(
            "quarantined_messages",
            "Messages that are none of ours, set aside by this process",
            metrics.foreign.clone(),
        );
        registry.register(
            "projection_pos",
            "Archive position that the projection has come to",
            metrics.pos.clone(),
        );
        registry.register(
            "swept_requests",
            "Requests that nobody else settled",
            metrics.swept.clone(),
        );
        metrics
    }

    pub fn archived(&self, stream: StreamName, events: usize, sequence: u64) {
        let of = OfStream { stream: stream.as_str() };
        self.archived.get_or_create(&of).inc_by(u64::try_from(events).unwrap_or(u64::MAX));
        self.sequence.get_or_create(&of).set(i64::try_from(sequence).unwrap_or(i64::MAX));
    }

    pub fn set_aside(&self, stream: StreamName, messages: usize) {
        let of = OfStream { stream: stream.as_str() };
        self.foreign.get_or_create(&of).inc_by(u64::try_from(messages).unwrap_or(u64::MAX));
    }

    pub fn projected(&self, projection: &'static str, pos: u64) {
        self.pos
            .get_or_create(&OfProjection { projection })
            .set(i64::try_from(pos).unwrap_or(i64::MAX));
    }

    pub fn swept(&self, requests: u64) {
        self.swept.inc_by(requests);
    }
}
