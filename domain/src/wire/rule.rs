//! The rules of a price, as they stand in events.

use serde::{Deserialize, Serialize};

use super::{text::Text, units::RatesV2};
use crate::{
    Operation,
    price::{Rule, TimeOfDay, When},
    request::ServiceTier,
};

#[derive(Serialize, Deserialize)]
pub struct RuleV1 {
    #[serde(default, skip_serializing_if = "WhenV1::is_always")]
    when: WhenV1,
    rates: RatesV2,
}

#[derive(Default, Serialize, Deserialize)]
struct WhenV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<Text<Operation>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_of_day: Option<TimeOfDayV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context_above: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_tier: Option<Text<ServiceTier>>,
}

/// Minutes since midnight.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct TimeOfDayV1 {
    from: u16,
    until: u16,
}

impl WhenV1 {
    const fn is_always(&self) -> bool {
        let Self { operation, time_of_day, context_above, service_tier } = self;
        operation.is_none()
            && time_of_day.is_none()
            && context_above.is_none()
            && service_tier.is_none()
    }
}

impl From<&Rule> for RuleV1 {
    fn from(Rule { when, rates }: &Rule) -> Self {
        let When { operation, time_of_day, context_above, service_tier } = when;
        let when = WhenV1 {
            operation: operation.clone().map(Text),
            time_of_day: time_of_day.map(|TimeOfDay { from, until }| TimeOfDayV1 { from, until }),
            context_above: *context_above,
            service_tier: service_tier.clone().map(Text),
        };
        Self { when, rates: rates.into() }
    }
}

impl From<RuleV1> for Rule {
    fn from(RuleV1 { when, rates }: RuleV1) -> Self {
        let WhenV1 { operation, time_of_day, context_above, service_tier } = when;
        let when = When {
            operation: operation.map(|Text(operation)| operation),
            time_of_day: time_of_day.map(|TimeOfDayV1 { from, until }| TimeOfDay { from, until }),
            context_above,
            service_tier: service_tier.map(|Text(tier)| tier),
        };
        Self { when, rates: rates.into() }
    }
}
