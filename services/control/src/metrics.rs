//! What control counts.

mod log;

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

pub use self::log::LogMetrics;

#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub commits: Counter,
    pub conflicts: Counter,
    pub not_in_force: Counter,
    pub answers: Family<Status, Counter>,
    pub sign_ins: Family<SignInLabel, Counter>,
    pub relay_lag_events: Gauge,
    pub relay_lag_seconds: Gauge<f64, AtomicU64>,
    pub relay_halted: Gauge,
    pub log: LogMetrics,
}

/// How trying to sign in ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInEnd {
    Opened,
    Wrong,
    Disabled,
    TooSoon,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SignInLabel {
    pub end: &'static str,
}

impl SignInEnd {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Wrong => "wrong",
            Self::Disabled => "disabled",
            Self::TooSoon => "too_soon",
        }
    }
}

impl From<SignInEnd> for SignInLabel {
    fn from(end: SignInEnd) -> Self {
        Self { end: end.as_str() }
    }
}

/// Of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Status {
    pub status: u16,
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let Self {
            commits,
            conflicts,
            not_in_force,
            answers,
            sign_ins,
            relay_lag_events,
            relay_lag_seconds,
            relay_halted,
            log,
        } = self;
        log.register(registry);
        registry.register(
            "uplion_relay_halted",
            "1 if nothing that is recorded reaches the log",
            relay_halted.clone(),
        );
        registry.register(
            "uplion_relay_lag_events",
            "Events of the control plane that are recorded and not on the log yet",
            relay_lag_events.clone(),
        );
        registry.register(
            "uplion_relay_lag_seconds",
            "For how long the oldest of them has been waiting",
            relay_lag_seconds.clone(),
        );
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
        registry.register("sign_ins", "Tries to sign in, by how they ended", sign_ins.clone());
    }
}
