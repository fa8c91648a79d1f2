//! What is summed over requests that came to an end.

use uplion_domain::{
    Nanos,
    request::{Outcome, Settled},
};

use crate::{
    columns::{Columns, count, nanos},
    table::{Column, Kind, Row},
};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub requests: u64,
    pub completed: u64,
    pub cancelled: u64,
    pub failed: u64,
    pub prompt_tokens: u64,
    /// A part of the prompt's.
    pub cached_tokens: u64,
    pub completion_tokens: u64,
    /// A part of the completion's.
    pub reasoning_tokens: u64,
    pub cost: Nanos,
}

/// The columns of [`Totals`], in order.
pub const COLUMNS: [Column; 9] = [
    Column::required("requests", Kind::BigInt),
    Column::required("completed", Kind::BigInt),
    Column::required("cancelled", Kind::BigInt),
    Column::required("failed", Kind::BigInt),
    Column::required("prompt_tokens", Kind::BigInt),
    Column::required("cached_tokens", Kind::BigInt),
    Column::required("completion_tokens", Kind::BigInt),
    Column::required("reasoning_tokens", Kind::BigInt),
    Column::required("cost_nanos", Kind::BigInt),
];

impl Totals {
    #[must_use]
    pub fn with(self, settled: &Settled) -> Self {
        let (completed, cancelled, failed) = match settled.outcome {
            Outcome::Completed => (1, 0, 0),
            Outcome::Cancelled(_) => (0, 1, 0),
            Outcome::Failed(_) => (0, 0, 1),
        };
        let usage = &settled.usage;
        Self {
            requests: self.requests.saturating_add(1),
            completed: self.completed.saturating_add(completed),
            cancelled: self.cancelled.saturating_add(cancelled),
            failed: self.failed.saturating_add(failed),
            prompt_tokens: self.prompt_tokens.saturating_add(usage.prompt_tokens()),
            cached_tokens: self.cached_tokens.saturating_add(usage.cached_tokens()),
            completion_tokens: self.completion_tokens.saturating_add(usage.completion_tokens()),
            reasoning_tokens: self.reasoning_tokens.saturating_add(usage.reasoning_tokens()),
            cost: self.cost + settled.charge,
        }
    }

    /// # Panics
    /// If the next columns are not [`COLUMNS`].
    pub fn from_columns(columns: &mut Columns) -> Self {
        Self {
            requests: columns.count(),
            completed: columns.count(),
            cancelled: columns.count(),
            failed: columns.count(),
            prompt_tokens: columns.count(),
            cached_tokens: columns.count(),
            completion_tokens: columns.count(),
            reasoning_tokens: columns.count(),
            cost: columns.nanos(),
        }
    }

    pub fn extend(&self, row: &mut Row) {
        row.extend([
            count(self.requests),
            count(self.completed),
            count(self.cancelled),
            count(self.failed),
            count(self.prompt_tokens),
            count(self.cached_tokens),
            count(self.completion_tokens),
            count(self.reasoning_tokens),
            nanos(self.cost),
        ]);
    }
}
