//! Rates and the rules of prices, as callers write and read them: decimal units of the installation's currency.

use std::collections::BTreeMap;

use poem_openapi::Object;
use uplion_domain::{
    Nanos, Operation, Rates, Unit,
    price::{Rule, TimeOfDay, When},
    request::ServiceTier,
};

use crate::{names, problem::Problem};

/// Amounts by unit: for a million of tokens and characters, for each of anything else.
pub type RatesView = BTreeMap<String, String>;

/// Rates of requests of which something is so.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PriceRule", deny_unknown_fields)]
pub struct RuleView {
    /// All of it must be so. Nothing: whatever no rule before applies to.
    when: Option<WhenView>,
    /// By unit: `input`, `output`, `images`, ...
    rates: RatesView,
}

/// What a rule asks of a request. What is left out is not asked.
#[derive(Debug, Clone, Default, Object)]
#[oai(rename = "PriceCondition", deny_unknown_fields)]
pub struct WhenView {
    /// `chat_completion`, `embedding`, ...
    #[oai(skip_serializing_if_is_none)]
    operation: Option<String>,
    /// More tokens of prompt than this.
    #[oai(skip_serializing_if_is_none)]
    context_above: Option<u64>,
    /// In which the upstream served it.
    #[oai(skip_serializing_if_is_none)]
    service_tier: Option<String>,
    /// Admitted at this time of day or later, in the installation's time zone: `22:00`.
    #[oai(skip_serializing_if_is_none)]
    from: Option<String>,
    /// And before this one; over midnight if it is not after `from`.
    #[oai(skip_serializing_if_is_none)]
    until: Option<String>,
}

pub fn view(rates: &Rates) -> RatesView {
    rates.iter().map(|(unit, rate)| (unit.to_string(), rate.to_string())).collect()
}

pub fn read(view: &RatesView) -> Result<Rates, Problem> {
    let rate = |(unit, amount): (&String, &String)| Ok((word(unit)?, names::amount(unit, amount)?));
    let rates: Result<Vec<(Unit, Nanos)>, Problem> = view.iter().map(rate).collect();
    Ok(Rates::from_iter(rates?))
}

impl RuleView {
    pub fn of(rule: &Rule) -> Self {
        let Rule { when, rates } = rule;
        let When { operation, time_of_day, context_above, service_tier } = when;
        let when = WhenView {
            operation: operation.as_ref().map(ToString::to_string),
            context_above: *context_above,
            service_tier: service_tier.as_ref().map(ToString::to_string),
            from: time_of_day.map(|time| time_text(time.from)),
            until: time_of_day.map(|time| time_text(time.until)),
        };
        Self { when: Some(when), rates: view(rates) }
    }

    pub fn read(&self) -> Result<Rule, Problem> {
        let when = self.when.as_ref().map(WhenView::read).transpose()?.unwrap_or_default();
        Ok(Rule { when, rates: read(&self.rates)? })
    }
}

impl WhenView {
    fn read(&self) -> Result<When, Problem> {
        let Self { operation, context_above, service_tier, from, until } = self;
        let time_of_day = match (from, until) {
            (None, None) => None,
            (Some(from), Some(until)) => {
                let named = |name, text| minute(text).map_err(|problem| problem.about(name));
                Some(TimeOfDay { from: named("from", from)?, until: named("until", until)? })
            }
            (Some(_), None) | (None, Some(_)) => {
                return Err(rejected("a time of day is from one time until another"));
            }
        };
        Ok(When {
            operation: operation.as_deref().map(word::<Operation>).transpose()?,
            time_of_day,
            context_above: *context_above,
            service_tier: service_tier.as_deref().map(word::<ServiceTier>).transpose()?,
        })
    }
}

/// An open name: of a unit, an operation, a tier.
pub fn word<W: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<W, Problem> {
    text.parse().map_err(|error| rejected(format!("{error}")))
}

fn minute(text: &str) -> Result<u16, Problem> {
    let parse = || {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (text.len() == 5 && hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    parse().ok_or_else(|| rejected(format!("{text:?} is not a time of day like 22:00")))
}

fn time_text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn rejected(text: impl Into<String>) -> Problem {
    Problem::unacceptable("rejected", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_reads_back_as_itself_and_nothing_else_is_one() {
        for (text, of_day) in [("00:00", 0), ("06:30", 390), ("23:59", 1_439)] {
            assert_eq!((minute(text).unwrap(), time_text(of_day).as_str()), (of_day, text));
        }
        for wrong in ["", "6:30", "24:00", "12:60", "12", "12:00:00", "ab:cd"] {
            assert!(minute(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_reads_back_as_itself() {
        let view = RuleView {
            when: Some(WhenView {
                operation: Some("embedding".to_owned()),
                context_above: Some(200_000),
                service_tier: Some("flex".to_owned()),
                from: Some("22:00".to_owned()),
                until: Some("06:00".to_owned()),
            }),
            rates: RatesView::from([("input".to_owned(), "2.5".to_owned())]),
        };
        let rule = view.read().unwrap();
        assert_eq!(RuleView::of(&rule).read().unwrap(), rule);
    }
}
