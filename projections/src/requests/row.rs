//! A request as a row of its table.

use uplion_domain::{
    Usage,
    request::{Mark, Outcome},
};

use super::{Request, Status, marks};
use crate::{
    columns::{Columns, count, maybe_boolean, maybe_count, maybe_text, maybe_time, nanos, text},
    pricing,
    projection::TypedRow,
    table::{Row, Value},
};

impl TypedRow for Request {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            request: columns.parsed(),
            project: columns.parsed(),
            key: columns.maybe_parsed(),
            model: columns.maybe_parsed(),
            operation: columns.maybe_parsed(),
            class: columns.maybe_parsed(),
            streamed: columns.maybe_boolean(),
            status: status_from(columns),
            gateway: columns.maybe_parsed(),
            worker: columns.maybe_parsed(),
            attempts: columns.count(),
            usage: usage_from(columns),
            cost: columns.nanos(),
            price: columns.maybe_parsed(),
            rates: pricing::rates_from(columns),
            currency: columns.maybe_parsed(),
            service_tier: columns.maybe_parsed(),
            pins: pricing::pins_from(columns),
            marks: marks_from(columns),
            reported: pricing::units_from(columns),
            accepted_at: columns.maybe_time(),
            assigned_at: columns.maybe_time(),
            settled_at: columns.maybe_time(),
            reversed_at: columns.maybe_time(),
            deadline: due_from(columns),
            assigned_micros: columns.maybe_count(),
            first_chunk_micros: columns.maybe_count(),
            total_micros: columns.maybe_count(),
            writer: columns.maybe_text(),
        }
    }

    fn into_row(self) -> Row {
        let outcome = match &self.status {
            Status::Accepted | Status::Assigned => None,
            Status::Settled(outcome) => Some(outcome),
        };
        let marked_at = self.settled_at.filter(|_| !self.marks.is_empty());
        let due = if outcome.is_some() { None } else { self.deadline };
        vec![
            text(self.request),
            text(self.project),
            maybe_text(self.key),
            maybe_text(self.model),
            maybe_text(self.operation),
            maybe_text(self.class.map(uplion_domain::request::Class::as_str)),
            maybe_boolean(self.streamed),
            text(self.status.as_str()),
            maybe_text(outcome.and_then(Outcome::code)),
            maybe_count(outcome.and_then(Outcome::upstream_status).map(u64::from)),
            maybe_text(self.gateway),
            maybe_text(self.worker),
            count(self.attempts),
            count(self.usage.prompt_tokens()),
            count(self.usage.cached_tokens()),
            count(self.usage.completion_tokens()),
            count(self.usage.reasoning_tokens()),
            pricing::units(&self.usage.units),
            Value::Boolean(pricing::is_reported(&self.usage)),
            maybe_text(self.usage.dialect.clone()),
            nanos(self.cost),
            maybe_text(self.price),
            pricing::rates(self.rates.as_ref()),
            maybe_text(self.currency),
            maybe_text(self.service_tier),
            pricing::pins(self.pins.as_ref()),
            maybe_text(marks::text(&self.marks)),
            maybe_time(marked_at),
            pricing::units(&self.reported),
            maybe_time(self.accepted_at),
            maybe_time(self.assigned_at),
            maybe_time(self.settled_at),
            maybe_time(self.reversed_at),
            maybe_time(self.deadline),
            maybe_time(due),
            maybe_count(self.assigned_micros),
            maybe_count(self.first_chunk_micros),
            maybe_count(self.total_micros),
            maybe_text(self.writer),
        ]
    }
}

/// The status, why, and what the upstream said: three columns.
fn status_from(columns: &mut Columns) -> Status {
    let (status, why) = (columns.text(), columns.maybe_text());
    let upstream = columns.maybe_count().and_then(|status| u16::try_from(status).ok());
    match status.as_str() {
        "accepted" => Status::Accepted,
        "assigned" => Status::Assigned,
        settled => match Outcome::parse(settled, why.as_deref(), upstream) {
            Ok(outcome) => Status::Settled(outcome),
            Err(error) => panic!("a request's row cannot be read: {error}"),
        },
    }
}

/// What the four counts say follows from the units.
fn usage_from(columns: &mut Columns) -> Usage {
    for _ in 0..4 {
        columns.count();
    }
    pricing::usage_from(columns)
}

/// The marks; when what is marked settled follows from them.
fn marks_from(columns: &mut Columns) -> Vec<Mark> {
    let marks = marks::marks_from(columns);
    let _marked_at = columns.maybe_time();
    marks
}

/// The deadline; what is due follows from it.
fn due_from(columns: &mut Columns) -> Option<uplion_domain::Timestamp> {
    let deadline = columns.maybe_time();
    let _due = columns.maybe_time();
    deadline
}
