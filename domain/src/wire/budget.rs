//! Budgets and limits as they stand in events.

use serde::{Deserialize, Serialize};

use super::parsed;
use crate::{Nanos, budget::Budget, limits::Limits};

#[derive(Debug, Serialize, Deserialize)]
pub struct BudgetV1 {
    /// Nano-units of the currency.
    amount: i64,
    period: String,
}

/// What is left out is not limited.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LimitsV1 {
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_requests: Option<u32>,
}

impl From<&Budget> for BudgetV1 {
    fn from(budget: &Budget) -> Self {
        let Budget { amount, period } = *budget;
        Self { amount: amount.to_i64().unwrap_or(i64::MAX), period: period.to_string() }
    }
}

impl TryFrom<BudgetV1> for Budget {
    type Error = serde_json::Error;

    fn try_from(budget: BudgetV1) -> Result<Self, serde_json::Error> {
        let BudgetV1 { amount, period } = budget;
        Ok(Self { amount: Nanos::new(amount.into()), period: parsed(&period)? })
    }
}

impl From<&Limits> for LimitsV1 {
    fn from(limits: &Limits) -> Self {
        let Limits { requests_per_minute, tokens_per_minute, parallel_requests } = *limits;
        Self { requests_per_minute, tokens_per_minute, parallel_requests }
    }
}

impl From<LimitsV1> for Limits {
    fn from(limits: LimitsV1) -> Self {
        let LimitsV1 { requests_per_minute, tokens_per_minute, parallel_requests } = limits;
        Self { requests_per_minute, tokens_per_minute, parallel_requests }
    }
}
