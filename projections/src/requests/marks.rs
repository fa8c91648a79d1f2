//! Whether what a request was charged follows from what it was accepted under: told by marks, whichever of the two
//! arrived first. A settlement bills by itself, whatever is said of it here.

use uplion_domain::{
    Timestamp,
    request::{BilledBy, Mark, Pins, Settled},
    usage::Units,
};

use super::{Request, Status};
use crate::{
    columns::Columns,
    parameters::parameters,
    projection::TypedRow,
    statement::Statement,
    table::{Kind, Row},
};

parameters! {
    /// What [`MARKED`] is asked with.
    MarkedSince {
        since: Timestamp,
    }
}

/// How many settlements have the same marks. Answers with [`Marked`].
pub static MARKED: Statement = Statement {
    name: "requests.marked",
    sql: "SELECT marks, COUNT(*) FROM {requests} WHERE marked_at >= :since GROUP BY marks",
    parameters: MarkedSince::KINDS,
    names: MarkedSince::NAMES,
    columns: &[Kind::Text, Kind::BigInt],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub marks: Vec<Mark>,
    pub count: u64,
}

impl Request {
    /// Its acceptance has come.
    pub(super) fn pinned(self, pins: Pins) -> Self {
        match (&self.status, &self.rates) {
            (Status::Settled(_), Some(rates)) if self.reversed_at.is_none() => {
                let billed = BilledBy {
                    price: self.price,
                    currency: self.currency,
                    rates,
                    service_tier: self.service_tier.as_ref(),
                    usage: &self.usage,
                };
                let more = pins.marks(billed);
                self.with_marks(more)
            }
            (Status::Settled(_), _) => self,
            (Status::Accepted | Status::Assigned, _) => Self { pins: Some(pins), ..self },
        }
    }

    /// Its settlement has come.
    pub(super) fn marked(self, settled: &Settled) -> Self {
        let mut marks = settled.marks();
        if let Some(pins) = &self.pins {
            marks.extend(pins.marks(settled.billed_by()));
        }
        let reported = settled.doubt.as_ref().map(|doubt| doubt.reported.clone());
        Self { pins: None, reported: reported.unwrap_or_default(), ..self }.with_marks(marks)
    }

    /// Nothing is charged any more.
    pub(super) fn unmarked(self) -> Self {
        Self { marks: Vec::new(), reported: Units::default(), ..self }
    }

    fn with_marks(mut self, more: Vec<Mark>) -> Self {
        self.marks.extend(more);
        self.marks.sort();
        self.marks.dedup();
        self
    }
}

/// One word after the other; none if there is none.
pub(super) fn text(marks: &[Mark]) -> Option<String> {
    let words: Vec<&str> = marks.iter().map(Mark::as_str).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

pub(super) fn marks_from(columns: &mut Columns) -> Vec<Mark> {
    let text = columns.maybe_text().unwrap_or_default();
    text.split_ascii_whitespace().map(|word| columns.read(word)).collect()
}

impl TypedRow for Marked {
    fn from_columns(columns: &mut Columns) -> Self {
        Self { marks: marks_from(columns), count: columns.count() }
    }

    fn into_row(self) -> Row {
        vec![crate::columns::maybe_text(text(&self.marks)), crate::columns::count(self.count)]
    }
}
