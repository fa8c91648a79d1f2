//! A request as people and programs are shown it.

use poem_openapi::{Enum, Object};
use uplion_domain::request::Outcome;
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
    /// Units of the installation's currency, exact.
    cost: String,
    accepted_at: Option<String>,
    settled_at: Option<String>,
    /// Milliseconds from acceptance to the first worker, to the first chunk, to the end.
    assigned_ms: Option<f64>,
    first_chunk_ms: Option<f64>,
    total_ms: Option<f64>,
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
            cost: row.cost.to_string(),
            accepted_at: row.accepted_at.map(|at| at.to_string()),
            settled_at: row.settled_at.map(|at| at.to_string()),
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
