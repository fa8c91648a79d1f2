//! A request as people and programs are shown it.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object};
use uplion_domain::{
    Usage,
    request::{Attempt, Mark, Outcome},
    usage::Units,
};
use uplion_projections::requests::{Request, Status};

use crate::labels::Loaded;

/// How a request went.
#[derive(Debug, Object)]
pub struct RequestSummary {
    id: String,
    project: String,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    /// `chat_completion`, `embedding`, ...
    operation: Option<String>,
    /// `accepted`, `assigned`, `completed`, `cancelled` or `failed`.
    status: String,
    /// Why it was cancelled or failed: `client_gone`, `upstream_failed`, ...
    why: Option<String>,
    upstream_status: Option<u16>,
    streamed: Option<bool>,
    gateway: Option<String>,
    worker: Option<String>,
    attempts: u64,
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
    /// What is billed, by unit: no token is in two of them.
    units: BTreeMap<String, u64>,
    /// How it was come by: `reported` by the upstream or `counted`; null until the request ended.
    usage_source: Option<String>,
    /// In whose words it was reported, if not in OpenAI's: `input_output`, `x_groq`, ...
    usage_dialect: Option<String>,
    /// Why a person should look at what it was charged, as in the list of charges; none for nearly all.
    marks: Vec<String>,
    /// What the upstream reported, by unit, if less was charged.
    reported_units: Option<BTreeMap<String, u64>>,
    /// Exact.
    cost: String,
    /// Of the installation, which the cost is in.
    currency: String,
    accepted_at: Option<String>,
    settled_at: Option<String>,
    /// When its charge was taken back, because its client was told of an error after all: it costs nothing.
    reversed_at: Option<String>,
    /// Milliseconds from acceptance to the first worker, to the first chunk, to the end.
    assigned_ms: Option<f64>,
    first_chunk_ms: Option<f64>,
    total_ms: Option<f64>,
}

/// One call to an upstream.
#[derive(Debug, Object)]
#[oai(rename = "RequestAttempt")]
pub struct AttemptView {
    worker: String,
    /// Told to administrators and auditors. Null if the model's workers bring their own, or the worker vanished.
    upstream: Option<String>,
    /// `completed`, `failed`, `cancelled`, `unknown`, ...
    outcome: String,
    /// By unit, as the upstream reported it. Null: it did not say, which is not nothing.
    units: Option<BTreeMap<String, u64>>,
    /// The upstream's own name for it: what a provider's bill can be compared by. Told to administrators and auditors.
    upstream_request_id: Option<String>,
}

/// How far a request has come, or how it ended.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum RequestStatus {
    /// No worker has it yet.
    Accepted,
    /// A worker has it.
    Assigned,
    Completed,
    Cancelled,
    Failed,
}

impl RequestStatus {
    /// As it is asked for in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => Status::Accepted.as_str(),
            Self::Assigned => Status::Assigned.as_str(),
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl AttemptView {
    /// `with_upstream`: whether the caller is told which it was.
    pub fn of(attempt: &Attempt, with_upstream: bool) -> Self {
        let Attempt { worker, upstream, outcome, usage, upstream_request_id } = attempt;
        Self {
            worker: worker.to_string(),
            upstream: upstream.as_ref().filter(|_| with_upstream).map(ToString::to_string),
            outcome: outcome.to_string(),
            units: usage.as_ref().map(units),
            upstream_request_id: upstream_request_id.clone().filter(|_| with_upstream),
        }
    }
}

pub fn units(usage: &Usage) -> BTreeMap<String, u64> {
    by_name(&usage.units)
}

/// Null where all that was reported was charged.
pub fn reported_units(units: &Units) -> Option<BTreeMap<String, u64>> {
    (!units.is_empty()).then(|| by_name(units))
}

pub fn words(marks: &[Mark]) -> Vec<String> {
    marks.iter().map(ToString::to_string).collect()
}

fn by_name(units: &Units) -> BTreeMap<String, u64> {
    units.iter().map(|(unit, count)| (unit.to_string(), count)).collect()
}

impl RequestSummary {
    pub fn of(row: Request, labels: &Loaded) -> Self {
        let outcome = match &row.status {
            Status::Accepted | Status::Assigned => None,
            Status::Settled(outcome) => Some(outcome),
        };
        Self {
            id: row.request.to_string(),
            project: row.project.to_string(),
            project_name: labels.project(row.project),
            key: row.key.map(|key| key.to_string()),
            key_name: row.key.and_then(|key| labels.key(key)),
            model: row.model.map(|model| model.to_string()),
            operation: row.operation.as_ref().map(ToString::to_string),
            why: outcome.and_then(Outcome::code).map(ToOwned::to_owned),
            upstream_status: outcome.and_then(Outcome::upstream_status),
            status: row.status.as_str().to_owned(),
            streamed: row.streamed,
            gateway: row.gateway.map(|id| id.to_string()),
            worker: row.worker.map(|id| id.to_string()),
            attempts: row.attempts,
            prompt_tokens: row.usage.prompt_tokens(),
            cached_tokens: row.usage.cached_tokens(),
            completion_tokens: row.usage.completion_tokens(),
            reasoning_tokens: row.usage.reasoning_tokens(),
            units: units(&row.usage),
            usage_source: outcome.map(|_| row.usage.source.to_string()),
            usage_dialect: row.usage.dialect.as_ref().map(ToString::to_string),
            marks: words(&row.marks),
            reported_units: reported_units(&row.reported),
            cost: row.cost.to_string(),
            currency: labels.currency(),
            accepted_at: row.accepted_at.map(|at| at.to_string()),
            settled_at: row.settled_at.map(|at| at.to_string()),
            reversed_at: row.reversed_at.map(|at| at.to_string()),
            assigned_ms: row.assigned_micros.map(millis),
            first_chunk_ms: row.first_chunk_micros.map(millis),
            total_ms: row.total_micros.map(millis),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a request takes less than 2^53 µs")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
