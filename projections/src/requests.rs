//! How did each request go, and which were never brought to an end?
//!
//! Read by `uplion request`, by the requests page, and by the sweeper. One row a request, never deleted.
//! Its events may arrive in any order, and `accepted` and `assigned` may be missing: what the row says in the
//! end depends only on which of them arrived.

use uplion_domain::{
    GatewayId, KeyId, ModelName, Nanos, Operation, PriceId, ProjectId, Rates, RequestId, Timestamp,
    Usage, WorkerId,
    request::{self, Accepted, Assigned, Class, Outcome, Settled},
};

use crate::{
    columns::text,
    parameters::parameters,
    projection::{Fold, Recorded},
    statement::Statement,
    table::{Column, Key, Kind, Table, kinds},
};

mod row;
#[cfg(test)]
mod tests;

pub const NAME: &str = "requests";

pub struct Requests;

/// One request, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub request: RequestId,
    pub project: ProjectId,
    /// None, as what follows, while only `assigned` is known.
    pub key: Option<KeyId>,
    pub model: Option<ModelName>,
    pub operation: Option<Operation>,
    pub class: Option<Class>,
    pub streamed: Option<bool>,
    pub status: Status,
    /// The gateway that accepted it; none if `accepted` is missing.
    pub gateway: Option<GatewayId>,
    /// The last one that was given the request.
    pub worker: Option<WorkerId>,
    /// Workers that were given the request, as far as `assigned` arrived.
    pub attempts: u64,
    /// What is billed; none until it settled.
    pub usage: Usage,
    pub cost: Nanos,
    /// That was in force at admission.
    pub price: Option<PriceId>,
    /// That applied; none until it settled.
    pub rates: Option<Rates>,
    /// If `accepted` is missing, counted back from the end.
    pub accepted_at: Option<Timestamp>,
    /// When the last worker was given it.
    pub assigned_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    /// Its client was told of an error: it is charged nothing.
    pub reversed_at: Option<Timestamp>,
    pub deadline: Option<Timestamp>,
    /// Microseconds from acceptance to the first worker, to the first chunk of the answer, to the end.
    pub assigned_micros: Option<u64>,
    pub first_chunk_micros: Option<u64>,
    pub total_micros: Option<u64>,
    /// Who settled: the id of a gateway or worker, or `sweeper`.
    pub writer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Accepted,
    Assigned,
    Settled(Outcome),
}

const COLUMNS: [Column; 33] = [
    Column::key("request", Kind::Text),
    Column::required("project", Kind::Text),
    Column::nullable("key", Kind::Text),
    Column::nullable("model", Kind::Text),
    Column::nullable("operation", Kind::Text),
    Column::nullable("class", Kind::Text),
    Column::nullable("streamed", Kind::Boolean),
    // accepted, assigned, completed, cancelled or failed; then why.
    Column::required("status", Kind::Text),
    Column::nullable("why", Kind::Text),
    Column::nullable("upstream_status", Kind::BigInt),
    Column::nullable("gateway", Kind::Text),
    Column::nullable("worker", Kind::Text),
    Column::required("attempts", Kind::BigInt),
    Column::required("prompt_tokens", Kind::BigInt),
    Column::required("cached_tokens", Kind::BigInt),
    Column::required("completion_tokens", Kind::BigInt),
    Column::required("reasoning_tokens", Kind::BigInt),
    // A JSON object of all that was used, by unit.
    Column::nullable("units", Kind::Text),
    Column::required("usage_reported", Kind::Boolean),
    // None: OpenAI's words, or counted.
    Column::nullable("usage_dialect", Kind::Text),
    Column::required("cost_nanos", Kind::BigInt),
    Column::nullable("price", Kind::Text),
    // A JSON object, by unit: nano-units of the currency.
    Column::nullable("rates", Kind::Text),
    Column::nullable("accepted_at", Kind::BigInt),
    Column::nullable("assigned_at", Kind::BigInt),
    Column::nullable("settled_at", Kind::BigInt),
    Column::nullable("reversed_at", Kind::BigInt),
    Column::nullable("deadline", Kind::BigInt),
    // The deadline while it is not settled, then null: what the sweeper's index holds.
    Column::nullable("due", Kind::BigInt),
    Column::nullable("assigned_micros", Kind::BigInt),
    Column::nullable("first_chunk_micros", Kind::BigInt),
    Column::nullable("total_micros", Kind::BigInt),
    Column::nullable("writer", Kind::Text),
];
static TABLE: Table = Table {
    name: NAME,
    columns: &COLUMNS,
    indexes: &[&["due"], &["project", "request"], &["key", "request"]],
};

/// `$1`: the request. Answers with a [`Request`].
pub static ONE: Statement = Statement {
    name: "requests.one",
    sql: "SELECT * FROM {requests} WHERE request = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`NEWEST`] is asked with. None: all.
    Newest {
        project: Option<ProjectId>,
        key: Option<KeyId>,
        model: Option<ModelName>,
        /// As [`Status::as_str`] has it.
        status: Option<String>,
        accepted_from: Option<Timestamp>,
        /// Without this time itself.
        accepted_to: Option<Timestamp>,
        /// The id of a request.
        older_than: Option<String>,
        limit: usize,
    }
}

/// Answers with [`Request`]s, newest first.
pub static NEWEST: Statement = Statement {
    name: "requests.newest",
    sql: "SELECT * FROM {requests} WHERE (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:status AS TEXT) IS NULL OR status = :status) \
          AND (CAST(:accepted_from AS BIGINT) IS NULL OR accepted_at >= :accepted_from) \
          AND (CAST(:accepted_to AS BIGINT) IS NULL OR accepted_at < :accepted_to) \
          AND request < COALESCE(CAST(:older_than AS TEXT), 'req_g') ORDER BY request DESC LIMIT :limit",
    parameters: Newest::KINDS,
    names: Newest::NAMES,
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`CHARGES`] is asked with. None: all.
    Charged {
        project: Option<ProjectId>,
        key: Option<KeyId>,
        model: Option<ModelName>,
        settled_from: Option<Timestamp>,
        /// Without this time itself.
        settled_to: Option<Timestamp>,
        /// The id of a request.
        older_than: Option<String>,
        limit: usize,
    }
}

/// What was charged. Answers with settled [`Request`]s, newest first.
pub static CHARGES: Statement = Statement {
    name: "requests.charges",
    sql: "SELECT * FROM {requests} WHERE settled_at IS NOT NULL \
          AND (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:settled_from AS BIGINT) IS NULL OR settled_at >= :settled_from) \
          AND (CAST(:settled_to AS BIGINT) IS NULL OR settled_at < :settled_to) \
          AND request < COALESCE(CAST(:older_than AS TEXT), 'req_g') ORDER BY request DESC LIMIT :limit",
    parameters: Charged::KINDS,
    names: Charged::NAMES,
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`UNSETTLED`] is asked with.
    Unsettled {
        due_before: Timestamp,
        limit: usize,
    }
}

/// Accepted and not settled. Answers with the request's id and its deadline, longest overdue first.
pub static UNSETTLED: Statement = Statement {
    name: "requests.unsettled",
    sql: "SELECT request, due FROM {requests} WHERE due < :due_before ORDER BY due, request LIMIT :limit",
    parameters: Unsettled::KINDS,
    names: Unsettled::NAMES,
    columns: &[Kind::Text, Kind::BigInt],
};

impl Fold for Requests {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 4;
    const TABLE: &'static Table = &TABLE;
    type Row = Request;

    fn key_of(event: &Recorded) -> Option<Key> {
        let request = match event.envelope.event.as_request()? {
            request::Event::Accepted(accepted) => accepted.request,
            request::Event::Assigned(assigned) => assigned.request,
            request::Event::Settled(settled) => settled.request,
            request::Event::Reversed(reversed) => reversed.request,
            request::Event::Rejected(_) => return None,
        };
        Some(vec![text(request)])
    }

    fn fold_row(row: Option<Request>, event: &Recorded) -> Option<Request> {
        Some(match event.envelope.event.as_request()? {
            request::Event::Accepted(accepted) => row
                .unwrap_or_else(|| Request::unknown(accepted.request, accepted.project))
                .accepted(accepted),
            request::Event::Assigned(assigned) => row
                .unwrap_or_else(|| Request::unknown(assigned.request, assigned.project))
                .assigned(assigned),
            request::Event::Settled(settled) => row
                .unwrap_or_else(|| Request::unknown(settled.request, settled.project))
                .settled(settled),
            request::Event::Reversed(reversed) => row
                .unwrap_or_else(|| Request::unknown(reversed.request, reversed.project))
                .reversed(reversed.at),
            request::Event::Rejected(_) => return row,
        })
    }
}

impl Request {
    fn unknown(request: RequestId, project: ProjectId) -> Self {
        Self {
            request,
            project,
            key: None,
            model: None,
            operation: None,
            class: None,
            streamed: None,
            status: Status::Accepted,
            gateway: None,
            worker: None,
            attempts: 0,
            usage: Usage::default(),
            cost: Nanos::ZERO,
            price: None,
            rates: None,
            accepted_at: None,
            assigned_at: None,
            settled_at: None,
            reversed_at: None,
            deadline: None,
            assigned_micros: None,
            first_chunk_micros: None,
            total_micros: None,
            writer: None,
        }
    }

    fn accepted(self, accepted: &Accepted) -> Self {
        Self {
            key: Some(accepted.key),
            model: Some(accepted.model.clone()),
            operation: Some(accepted.operation.clone()),
            class: Some(accepted.class),
            streamed: Some(accepted.streamed),
            gateway: Some(accepted.gateway),
            price: self.price.or(accepted.price.price),
            accepted_at: Some(accepted.at),
            deadline: Some(accepted.deadline),
            ..self
        }
    }

    /// Later attempts take the place of earlier ones; what the end says takes the place of both.
    fn assigned(self, assigned: &Assigned) -> Self {
        let attempt = u64::from(assigned.attempt);
        if attempt < self.attempts {
            return self;
        }
        let (status, worker) = match self.status {
            Status::Accepted | Status::Assigned => (Status::Assigned, Some(assigned.worker)),
            settled @ Status::Settled(_) => (settled, self.worker),
        };
        Self { status, worker, attempts: attempt, assigned_at: Some(assigned.at), ..self }
    }

    fn reversed(self, at: Timestamp) -> Self {
        Self { reversed_at: Some(at), usage: Usage::default(), cost: Nanos::ZERO, ..self }
    }

    fn settled(self, settled: &Settled) -> Self {
        let taken_back = self.reversed_at;
        let this = self.ended(settled);
        match taken_back {
            Some(at) => this.reversed(at),
            None => this,
        }
    }

    fn ended(self, settled: &Settled) -> Self {
        Self {
            key: Some(settled.key),
            model: Some(settled.model.clone()),
            operation: Some(settled.operation.clone()),
            class: Some(settled.class),
            streamed: Some(settled.streamed),
            status: Status::Settled(settled.outcome.clone()),
            worker: settled.worker,
            usage: settled.usage.clone(),
            cost: settled.charge,
            price: settled.price.or(self.price),
            rates: Some(settled.rates.clone()),
            accepted_at: self.gateway.and(self.accepted_at).or(Some(settled.accepted_at)),
            settled_at: Some(settled.at),
            assigned_micros: settled.timings.assigned,
            first_chunk_micros: settled.timings.first_chunk,
            total_micros: Some(settled.timings.total),
            writer: Some(settled.writer.to_string()),
            ..self
        }
    }
}

impl Status {
    /// `accepted`, `assigned`, `completed`, `cancelled` or `failed`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Assigned => "assigned",
            Self::Settled(outcome) => outcome.as_str(),
        }
    }
}
