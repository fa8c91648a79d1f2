//! How did each request go, and which were never brought to an end?
//!
//! Read by `uplion request`, by the requests page, and by the sweeper. One row a request, never deleted.
//! Its events may arrive in any order, and `accepted` and `assigned` may be missing: what the row says in the
//! end depends only on which of them arrived.

use uplion_domain::{
    GatewayId, KeyId, ModelName, Nanos, Operation, PriceId, ProjectId, Rates, RequestId, Timestamp,
    Usage, WorkerId,
    installation::Currency,
    request::{self, Accepted, Assigned, Class, Mark, Outcome, Pins, ServiceTier, Settled},
    usage::Units,
};

use crate::{
    columns::text,
    projection::{Fold, Recorded},
    table::{Column, Key, Kind, Table},
};

mod marks;
mod reading;
mod row;
#[cfg(test)]
mod tests;

pub use self::{
    marks::{MARKED, Marked, MarkedSince},
    reading::{CHARGES, Charged, MARKED_CHARGES, NEWEST, Newest, ONE, UNSETTLED, Unsettled},
};

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
    pub currency: Option<Currency>,
    /// In which the upstream served it, if it said so.
    pub service_tier: Option<ServiceTier>,
    /// What its settlement must follow from; none if it has settled, or `accepted` is missing.
    pub pins: Option<Pins>,
    /// Why a person should look at what it was charged. None once that is taken back.
    pub marks: Vec<Mark>,
    /// What the upstream reported, if less was charged.
    pub reported: Units,
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

const COLUMNS: [Column; 39] = [
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
    Column::nullable("currency", Kind::Text),
    Column::nullable("service_tier", Kind::Text),
    // A JSON object: price, rules and bounds of what is not settled yet.
    Column::nullable("pins", Kind::Text),
    // With spaces between.
    Column::nullable("marks", Kind::Text),
    // When what is marked settled.
    Column::nullable("marked_at", Kind::BigInt),
    // A JSON object, by unit.
    Column::nullable("reported_units", Kind::Text),
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
    indexes: &[&["due"], &["marked_at"], &["project", "request"], &["key", "request"]],
};

impl Fold for Requests {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 5;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["request.", "task."];
    type Row = Request;

    fn key_of(event: &Recorded) -> Option<Key> {
        let request = match event.envelope.event.as_request()? {
            request::Event::Accepted(accepted) => accepted.request,
            request::Event::Assigned(assigned) => assigned.request,
            request::Event::Settled(settled) => settled.request,
            request::Event::Reversed(reversed) => reversed.request,
            request::Event::Rejected(_) | request::Event::Probed(_) => return None,
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
            request::Event::Rejected(_) | request::Event::Probed(_) => return row,
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
            currency: None,
            service_tier: None,
            pins: None,
            marks: Vec::new(),
            reported: Units::default(),
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
        self.pinned(accepted.pins()).known(accepted)
    }

    fn known(self, accepted: &Accepted) -> Self {
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
        let (usage, cost) = (Usage::default(), Nanos::ZERO);
        Self { reversed_at: Some(at), usage, cost, ..self }.unmarked()
    }

    fn settled(self, settled: &Settled) -> Self {
        let taken_back = self.reversed_at;
        let this = self.marked(settled).ended(settled);
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
            currency: settled.currency,
            service_tier: settled.service_tier.clone(),
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
