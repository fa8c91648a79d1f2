//! Budgets and limits, as callers write and read them.

use poem_openapi::{Enum, Object};
use uplion_domain::{Budget, Limits, budget};

use crate::{names, problem::Problem};

/// How much may be spent.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Budget", deny_unknown_fields)]
pub struct BudgetView {
    /// Units of the installation's currency, exact: `250` or `0.5`.
    amount: String,
    /// After which it is whole again; periods are those of the calendar, in UTC.
    period: Period,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
    /// Never whole again.
    Total,
}

/// How fast requests may come. What is left out is not limited.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Limits", deny_unknown_fields)]
pub struct LimitsView {
    #[oai(validator(minimum(value = "1")))]
    requests_per_minute: Option<u32>,
    #[oai(validator(minimum(value = "1")))]
    tokens_per_minute: Option<u64>,
    /// Served at the same time.
    #[oai(validator(minimum(value = "1")))]
    parallel_requests: Option<u32>,
}

impl BudgetView {
    pub fn of(budget: Budget) -> Self {
        let Budget { amount, period } = budget;
        let period = match period {
            budget::Period::Day => Period::Day,
            budget::Period::Week => Period::Week,
            budget::Period::Month => Period::Month,
            budget::Period::Total => Period::Total,
        };
        Self { amount: amount.to_string(), period }
    }

    pub fn read(&self) -> Result<Budget, Problem> {
        let amount = names::amount("budget.amount", &self.amount)?;
        let period = match self.period {
            Period::Day => budget::Period::Day,
            Period::Week => budget::Period::Week,
            Period::Month => budget::Period::Month,
            Period::Total => budget::Period::Total,
        };
        Ok(Budget { amount, period })
    }
}

impl LimitsView {
    pub const fn of(limits: Limits) -> Self {
        let Limits { requests_per_minute, tokens_per_minute, parallel_requests } = limits;
        Self { requests_per_minute, tokens_per_minute, parallel_requests }
    }

    pub const fn read(&self) -> Limits {
        let Self { requests_per_minute, tokens_per_minute, parallel_requests } = *self;
        Limits { requests_per_minute, tokens_per_minute, parallel_requests }
    }
}
