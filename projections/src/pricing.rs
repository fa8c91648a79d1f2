//! Units, rates and rules, as they lie in columns: JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uplion_domain::{
    Nanos, Rates, Usage,
    price::{Pinned, Rule, TimeOfDay, When},
    request::{Pins, UsageBound},
    usage::{Source, Unit, Units},
};

use crate::{
    columns::{Columns, json, maybe_json},
    table::Value,
};

/// A number for each unit.
type ByUnit<N> = BTreeMap<String, N>;

#[derive(Serialize, Deserialize)]
struct RuleText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Minutes since midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_of_day: Option<(u16, u16)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context_above: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_tier: Option<String>,
    rates: ByUnit<i64>,
}

/// What a settlement has from its acceptance.
#[derive(Serialize, Deserialize)]
struct PinsText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    rules: Vec<RuleText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<u64>,
}

/// Written by [`units`].
pub fn units_from(columns: &mut Columns) -> Units {
    let counts: ByUnit<u64> = maybe_json(columns).unwrap_or_default();
    counts.iter().map(|(unit, count)| (columns.read::<Unit>(unit), *count)).collect()
}

/// Of several columns that were strung together, with a space between them: the sum.
pub fn many_units_from(columns: &mut Columns) -> Units {
    let mut all = Units::default();
    for part in columns.maybe_text().unwrap_or_default().split_ascii_whitespace() {
        for (unit, count) in columns.read_json::<ByUnit<u64>>(part) {
            all.add(&columns.read(&unit), count);
        }
    }
    all
}

/// Null if there are none.
pub fn units(units: &Units) -> Value {
    if units.is_empty() {
        return Value::Null;
    }
    let counts = units.iter().map(|(unit, count)| (unit.to_string(), count));
    json(&counts.collect::<ByUnit<u64>>())
}

/// What was used, whether the upstream said so, and in whose words: three columns.
pub fn usage_from(columns: &mut Columns) -> Usage {
    let units = units_from(columns);
    let source = if columns.boolean() { Source::Reported } else { Source::Counted };
    Usage { units, source, dialect: columns.maybe_parsed() }
}

pub const fn is_reported(usage: &Usage) -> bool {
    match usage.source {
        Source::Reported => true,
        Source::Counted => false,
    }
}

/// Written by [`rates`].
pub fn rates_from(columns: &mut Columns) -> Option<Rates> {
    let rates: ByUnit<i64> = maybe_json(columns)?;
    Some(read_rates(&rates, columns))
}

/// Null if nobody knows them.
pub fn rates(rates: Option<&Rates>) -> Value {
    rates.map_or(Value::Null, |rates| json(&rates_text(rates)))
}

/// Written by [`rules`].
pub fn rules_from(columns: &mut Columns) -> Vec<Rule> {
    let rules: Vec<RuleText> = maybe_json(columns).unwrap_or_default();
    rules.into_iter().map(|rule| rule.read(columns)).collect()
}

pub fn rules(rules: &[Rule]) -> Value {
    json(&rules.iter().map(RuleText::of).collect::<Vec<_>>())
}

/// Written by [`pins`].
pub fn pins_from(columns: &mut Columns) -> Option<Pins> {
    let PinsText { price, currency, rules, prompt, output } = maybe_json(columns)?;
    let price = Pinned {
        price: price.map(|id| columns.read(&id)),
        currency: currency.map(|code| columns.read(&code)),
        rules: rules.into_iter().map(|rule| rule.read(columns)).collect(),
    };
    Some(Pins { price, bound: UsageBound { prompt, output } })
}

pub fn pins(pins: Option<&Pins>) -> Value {
    let text = |Pins { price: Pinned { price, currency, rules }, bound }: &Pins| PinsText {
        price: price.map(|id| id.to_string()),
        currency: currency.map(|code| code.to_string()),
        rules: rules.iter().map(RuleText::of).collect(),
        prompt: bound.prompt,
        output: bound.output,
    };
    pins.map_or(Value::Null, |pins| json(&text(pins)))
}

/// Nano-units of the currency; each fits, as `domain` sees to it.
fn rates_text(rates: &Rates) -> ByUnit<i64> {
    let narrow = |rate: Nanos| rate.to_i64().unwrap_or(i64::MAX);
    rates.iter().map(|(unit, rate)| (unit.to_string(), narrow(rate))).collect()
}

fn read_rates(rates: &ByUnit<i64>, columns: &Columns) -> Rates {
    let rate = |(unit, rate): (&String, &i64)| (columns.read(unit), Nanos::new((*rate).into()));
    rates.iter().map(rate).collect()
}

impl RuleText {
    fn of(Rule { when, rates }: &Rule) -> Self {
        let When { operation, time_of_day, context_above, service_tier } = when;
        Self {
            operation: operation.as_ref().map(ToString::to_string),
            time_of_day: time_of_day.map(|TimeOfDay { from, until }| (from, until)),
            context_above: *context_above,
            service_tier: service_tier.as_ref().map(ToString::to_string),
            rates: rates_text(rates),
        }
    }

    fn read(self, columns: &Columns) -> Rule {
        let Self { operation, time_of_day, context_above, service_tier, rates } = self;
        let when = When {
            operation: operation.map(|word| columns.read(&word)),
            time_of_day: time_of_day.map(|(from, until)| TimeOfDay { from, until }),
            context_above,
            service_tier: service_tier.map(|word| columns.read(&word)),
        };
        Rule { when, rates: read_rates(&rates, columns) }
    }
}
