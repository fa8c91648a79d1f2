//! What is summed over requests that came to an end.

use uplion_domain::{
    Nanos, Unit, Usage,
    request::{Outcome, Reversed, Settled},
    usage::Units,
};

use crate::{
    columns::{Columns, count, nanos},
    pricing,
    table::{Column, Kind, Row},
};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub requests: u64,
    pub completed: u64,
    pub cancelled: u64,
    pub failed: u64,
    /// Of the requests, those that were charged: how often a rate for the request itself applied.
    pub charged: u64,
    pub prompt_tokens: u64,
    /// A part of the prompt's.
    pub cached_tokens: u64,
    pub completion_tokens: u64,
    /// A part of the completion's.
    pub reasoning_tokens: u64,
    /// All that was used beside these: images, seconds, and what the tokens were that have another rate.
    pub units: Units,
    pub cost: Nanos,
}

/// The columns of [`Totals`], in order.
pub const COLUMNS: [Column; 11] = [
    Column::required("requests", Kind::BigInt),
    Column::required("completed", Kind::BigInt),
    Column::required("cancelled", Kind::BigInt),
    Column::required("failed", Kind::BigInt),
    Column::required("charged", Kind::BigInt),
    Column::required("prompt_tokens", Kind::BigInt),
    Column::required("cached_tokens", Kind::BigInt),
    Column::required("completion_tokens", Kind::BigInt),
    Column::required("reasoning_tokens", Kind::BigInt),
    // A JSON object by unit, of what the columns before do not say; null if that is nothing.
    Column::nullable("units", Kind::Text),
    Column::required("cost_nanos", Kind::BigInt),
];

/// What stands in columns of its own.
const COUNTED: [Unit; 5] =
    [Unit::INPUT, Unit::CACHED_INPUT, Unit::OUTPUT, Unit::REASONING, Unit::REQUESTS];

impl Totals {
    #[must_use]
    pub fn with(mut self, settled: &Settled) -> Self {
        self.requests = self.requests.saturating_add(1);
        let ended = self.ended(&settled.outcome);
        *ended = ended.saturating_add(1);
        self.change(&settled.usage, u64::saturating_add);
        self.cost = self.cost + settled.charge;
        self
    }

    /// Its client was told of an error: the request failed, and neither used nor cost anything.
    #[must_use]
    pub fn without(mut self, reversed: &Reversed) -> Self {
        let ended = self.ended(&reversed.outcome);
        *ended = ended.saturating_sub(1);
        self.failed = self.failed.saturating_add(1);
        self.change(&reversed.usage, u64::saturating_sub);
        self.cost = self.cost + Nanos::new(-reversed.charge.get());
        self
    }

    const fn ended(&mut self, outcome: &Outcome) -> &mut u64 {
        match outcome {
            Outcome::Completed => &mut self.completed,
            Outcome::Cancelled(_) => &mut self.cancelled,
            Outcome::Failed(_) => &mut self.failed,
        }
    }

    fn change(&mut self, usage: &Usage, how: fn(u64, u64) -> u64) {
        self.charged = how(self.charged, usage.get(&Unit::REQUESTS));
        self.prompt_tokens = how(self.prompt_tokens, usage.prompt_tokens());
        self.cached_tokens = how(self.cached_tokens, usage.cached_tokens());
        self.completion_tokens = how(self.completion_tokens, usage.completion_tokens());
        self.reasoning_tokens = how(self.reasoning_tokens, usage.reasoning_tokens());
        for (unit, count) in usage.units.iter().filter(|(unit, _)| !COUNTED.contains(unit)) {
            self.units.set(unit.clone(), how(self.units.get(unit), count));
        }
    }

    /// Everything by unit, as it is priced.
    pub fn all_units(&self) -> Units {
        let mut units = self.units.clone();
        let parts = self.units.prompt_tokens().saturating_add(self.cached_tokens);
        units.set(Unit::INPUT, self.prompt_tokens.saturating_sub(parts));
        units.set(Unit::CACHED_INPUT, self.cached_tokens);
        let parts = self.units.completion_tokens().saturating_add(self.reasoning_tokens);
        units.set(Unit::OUTPUT, self.completion_tokens.saturating_sub(parts));
        units.set(Unit::REASONING, self.reasoning_tokens);
        units.set(Unit::REQUESTS, self.charged);
        units
    }

    /// # Panics
    /// If the next columns are not [`COLUMNS`].
    pub fn from_columns(columns: &mut Columns) -> Self {
        let totals = Self::counts_from(columns);
        Self { units: pricing::units_from(columns), cost: columns.nanos(), ..totals }
    }

    /// Of a statement that sums: units as all of theirs, one after the other; the cost as whole units of the currency
    /// and nanos, because it may be more than 64 bits hold.
    ///
    /// # Panics
    /// If the next columns are not these.
    pub fn summed_from(columns: &mut Columns) -> Self {
        let totals = Self::counts_from(columns);
        let units = pricing::many_units_from(columns);
        let (whole, nanos) = (columns.big_int(), columns.big_int());
        Self { units, cost: Nanos::of_parts(whole, nanos), ..totals }
    }

    fn counts_from(columns: &mut Columns) -> Self {
        Self {
            requests: columns.count(),
            completed: columns.count(),
            cancelled: columns.count(),
            failed: columns.count(),
            charged: columns.count(),
            prompt_tokens: columns.count(),
            cached_tokens: columns.count(),
            completion_tokens: columns.count(),
            reasoning_tokens: columns.count(),
            units: Units::default(),
            cost: Nanos::ZERO,
        }
    }

    pub fn extend(&self, row: &mut Row) {
        row.extend([
            count(self.requests),
            count(self.completed),
            count(self.cancelled),
            count(self.failed),
            count(self.charged),
            count(self.prompt_tokens),
            count(self.cached_tokens),
            count(self.completion_tokens),
            count(self.reasoning_tokens),
            pricing::units(&self.units),
            nanos(self.cost),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::usage::Source;

    use super::*;
    use crate::request_timeline::{accepted, settled};

    #[test]
    fn what_is_counted_in_columns_and_beside_them_is_all_that_was_used() {
        let mut settled = settled(&accepted(1), Outcome::Completed);
        settled.usage = Usage::tokens(100, 40, 20, 5, Source::Reported)
            .with(Unit::CACHE_WRITE, 7)
            .with(Unit::AUDIO_OUTPUT, 3)
            .with(Unit::IMAGES, 2)
            .with(Unit::REQUESTS, 1);
        let totals = Totals::default().with(&settled);
        assert_eq!((totals.prompt_tokens, totals.completion_tokens, totals.charged), (107, 23, 1));
        assert_eq!(totals.all_units(), settled.usage.units);
    }

    #[test]
    fn what_is_taken_back_is_a_failed_request_that_used_nothing() {
        let settled = settled(&accepted(1), Outcome::Completed);
        let totals = Totals::default().with(&settled).without(&settled.reverse(settled.at));
        assert_eq!(totals, Totals { requests: 1, failed: 1, ..Totals::default() });
    }
}
