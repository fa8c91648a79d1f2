//! What control counts.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub commits: Counter,
    pub conflicts: Counter,
    pub not_in_force: Counter,
    pub answers: Family<Status, Counter>,
}

/// Of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Status {
    pub status: u16,
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let Self { commits, conflicts, not_in_force, answers } = self;
        let registry = registry.sub_registry_with_prefix("uplion_control");
        registry.register("commits", "Commands that were written", commits.clone());
        registry.register(
            "conflicts",
            "Commands decided anew because somebody else was quicker",
            conflicts.clone(),
        );
        registry.register(
            "writes_not_in_force",
            "Writes answered before the log had acknowledged them",
            not_in_force.clone(),
        );
        registry.register("answers", "HTTP answers by status", answers.clone());
    }
}
