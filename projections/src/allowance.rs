//! Budgets and limits, as they lie in columns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uplion_domain::{Nanos, budget::Budget, limits::Limits};

use crate::{
    columns::{Columns, json, maybe_json, maybe_text, nanos},
    table::{Column, Kind, Row, Value},
};

/// The columns of a budget; both null if there is none.
pub const BUDGET: [Column; 2] = [
    Column::nullable("budget_nanos", Kind::BigInt),
    // day, week, month or total.
    Column::nullable("budget_period", Kind::Text),
];

#[derive(Serialize, Deserialize)]
struct LimitsText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parallel_requests: Option<u32>,
}

/// # Panics
/// If the next columns are not [`BUDGET`].
pub fn budget_from(columns: &mut Columns) -> Option<Budget> {
    let amount = columns.maybe_big_int().map(|nanos| Nanos::new(nanos.into()));
    let period = columns.maybe_parsed();
    amount.zip(period).map(|(amount, period)| Budget { amount, period })
}

pub fn extend(row: &mut Row, budget: Option<Budget>) {
    row.push(budget.map_or(Value::Null, |budget| nanos(budget.amount)));
    row.push(maybe_text(budget.map(|budget| budget.period)));
}

/// Written by [`limits`].
pub fn limits_from(columns: &mut Columns) -> Limits {
    maybe_json(columns).map_or(Limits::NONE, LimitsText::read)
}

/// A JSON object of what is limited.
pub fn limits(limits: Limits) -> Value {
    json(&LimitsText::of(limits))
}

/// Written by [`limits_by`].
pub fn limits_by_from<K: Ord + std::str::FromStr<Err: std::fmt::Display>>(
    columns: &mut Columns,
) -> BTreeMap<K, Limits> {
    let texts: BTreeMap<String, LimitsText> = maybe_json(columns).unwrap_or_default();
    texts.into_iter().map(|(of, limits)| (columns.read(&of), limits.read())).collect()
}

/// A JSON object of limits by what they are for.
pub fn limits_by<K: std::fmt::Display>(limits: &BTreeMap<K, Limits>) -> Value {
    let texts = limits.iter().map(|(of, limits)| (of.to_string(), LimitsText::of(*limits)));
    json(&texts.collect::<BTreeMap<_, _>>())
}

impl LimitsText {
    const fn of(limits: Limits) -> Self {
        let Limits { requests_per_minute, tokens_per_minute, parallel_requests } = limits;
        Self { requests_per_minute, tokens_per_minute, parallel_requests }
    }

    const fn read(self) -> Limits {
        let Self { requests_per_minute, tokens_per_minute, parallel_requests } = self;
        Limits { requests_per_minute, tokens_per_minute, parallel_requests }
    }
}
