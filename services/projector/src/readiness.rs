//! What `/ready` tells of the projector: whether it works, and what does not go on by itself.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, RwLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};

/// What `/ready` tells: each thing that does not go on by itself, and why.
#[derive(Debug, Default)]
pub struct State {
    working: RwLock<bool>,
    troubles: RwLock<BTreeMap<String, String>>,
}

/// Whether the projector does what it is there for.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<State>);

impl Readiness {
    pub(crate) fn of(state: &Arc<State>) -> Self {
        Self(Arc::clone(state))
    }

    /// Ready: working or waiting for the lease, and nothing halted. Otherwise a line for each trouble.
    pub fn ready(&self) -> Result<(), String> {
        let troubles = self.0.troubles.read().expect("no holder of this lock panics");
        if troubles.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> =
            troubles.iter().map(|(what, why)| format!("{what}: {why}")).collect();
        Err(lines.join("\n"))
    }

    /// Whether this process is the one that works.
    pub fn working(&self) -> bool {
        *self.0.working.read().expect("no holder of this lock panics")
    }
}

impl State {
    pub fn trouble(&self, what: &str, why: &str) {
        let before = self
            .troubles
            .write()
            .expect("no holder of this lock panics")
            .insert(what.to_owned(), why.to_owned());
        if before.as_deref() != Some(why) {
            tracing::error!(what, why, "projector.halted");
        }
    }

    pub fn well(&self, what: &str) {
        let before = self.troubles.write().expect("no holder of this lock panics").remove(what);
        if before.is_some() {
            tracing::info!(what, "projector.resumed");
        }
    }

    /// What this process was in trouble with is another's now.
    pub fn hand_over(&self) {
        self.set_working(false);
        self.troubles.write().expect("no holder of this lock panics").clear();
    }

    pub fn set_working(&self, working: bool) {
        *self.working.write().expect("no holder of this lock panics") = working;
    }
}

impl Collector for Readiness {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let working = ConstGauge::new(i64::from(self.working()));
        let (name, help) = ("uplion_projector_working", "1 if it is the one that works");
        working.encode(encoder.encode_descriptor(name, help, None, working.metric_type())?)?;
        let (name, help) = ("uplion_projector_halted", "1 for each thing that does not go on");
        let mut halted = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for what in self.0.troubles.read().expect("no holder of this lock panics").keys() {
            ConstGauge::new(1_i64).encode(halted.encode_family(&[("what", what.as_str())])?)?;
        }
        Ok(())
    }
}
