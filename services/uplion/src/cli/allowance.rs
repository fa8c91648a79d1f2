//! Budgets and limits, as flags give them and as the API shows them.

use std::{convert::Infallible, fmt, str::FromStr};

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{money::Currency, output};

/// A bound that is set, or taken away by saying `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound<T> {
    None,
    At(T),
}

/// Passed on as it is: the API says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

/// How many, one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64);

/// How much may be spent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Budget {
    amount: String,
    period: String,
}

/// How fast requests may come. What is not given stays as it is.
#[derive(Debug, Clone, Default, Args)]
pub struct Limits {
    /// Requests in a minute; `none` for any number.
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<Bound<Count>>,
    /// Tokens in a minute; `none` for any number.
    #[arg(long, value_name = "N")]
    tokens_per_minute: Option<Bound<Count>>,
    /// Requests at the same time; `none` for any number.
    #[arg(long, value_name = "N")]
    parallel_requests: Option<Bound<Count>>,
}

/// As the API tells them.
#[derive(Debug, Clone, Deserialize)]
pub struct LimitsView {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    parallel_requests: Option<u64>,
}

impl Limits {
    /// All of them as they are to be, if any is given. The API takes them together.
    pub fn over(&self, current: &Value) -> Option<Value> {
        let Self { requests_per_minute, tokens_per_minute, parallel_requests } = self;
        let given = [
            ("requests_per_minute", requests_per_minute),
            ("tokens_per_minute", tokens_per_minute),
            ("parallel_requests", parallel_requests),
        ];
        let mut all: Map<String, Value> = current.as_object().cloned().unwrap_or_default();
        let mut changed = false;
        for (name, bound) in given {
            let Some(bound) = bound else { continue };
            changed = true;
            match bound {
                Bound::None => all.remove(name),
                Bound::At(Count(most)) => all.insert(name.to_owned(), json!(most)),
            };
        }
        all.retain(|_, most| !most.is_null());
        changed.then(|| if all.is_empty() { Value::Null } else { Value::Object(all) })
    }

    pub fn are_given(&self) -> bool {
        self.over(&Value::Null).is_some()
    }
}

impl Budget {
    /// `250.00 EUR/month`
    pub fn text_in(&self, currency: &Currency) -> String {
        format!("{}/{}", currency.amount(&self.amount), self.period)
    }

    pub fn json(&self) -> Value {
        json!({ "amount": self.amount, "period": self.period })
    }
}

impl<T> Bound<T> {
    /// Null for none.
    pub fn json(&self, at: impl FnOnce(&T) -> Value) -> Value {
        match self {
            Self::None => Value::Null,
            Self::At(most) => at(most),
        }
    }
}

impl<T: FromStr> FromStr for Bound<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "none" { Ok(Self::None) } else { text.parse().map(Self::At) }
    }
}

impl FromStr for Text {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(0) | Err(_) => Err("it is a whole number above 0, or `none`"),
            Ok(count) => Ok(Self(count)),
        }
    }
}

impl FromStr for Budget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((amount, period @ ("day" | "week" | "month" | "total"))) => {
                Ok(Self { amount: amount.to_owned(), period: period.to_owned() })
            }
            Some(_) | None => Err(
                "a budget is an amount and a period (day, week, month or total), like 250/month",
            ),
        }
    }
}

impl fmt::Display for LimitsView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests_per_minute, tokens_per_minute, parallel_requests } = self;
        let parts = [
            (requests_per_minute, "requests a minute"),
            (tokens_per_minute, "tokens a minute"),
            (parallel_requests, "at once"),
        ];
        let parts =
            parts.iter().filter_map(|(most, what)| most.map(|most| format!("{most} {what}")));
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

/// Whoever sets a bound hears whether it holds.
pub fn note_unenforced(body: &Map<String, Value>) {
    let named = [
        ("budget", "budgets"),
        ("limits", "limits"),
        ("model_limits", "limits by model"),
        ("token_quota", "quotas"),
    ];
    let set = |field: &str| body.get(field).is_some_and(|value| !value.is_null());
    let set: Vec<&str> =
        named.iter().filter(|(field, _)| set(field)).map(|(_, name)| *name).collect();
    if !set.is_empty() {
        output::note(&format!(
            "{} are kept and shown, and not enforced yet: gateways serve requests beyond them",
            set.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_said_stays_and_none_takes_one_away() {
        let current = json!({ "requests_per_minute": 60, "tokens_per_minute": 1000, "parallel_requests": null });
        let given = Limits {
            requests_per_minute: Some(Bound::None),
            parallel_requests: Some(Bound::At(Count(4))),
            ..Limits::default()
        };
        let all = json!({ "tokens_per_minute": 1000, "parallel_requests": 4 });
        assert_eq!(given.over(&current), Some(all));
        assert_eq!(Limits::default().over(&current), None);
        let only = json!({ "requests_per_minute": 60 });
        let none = Limits { requests_per_minute: Some(Bound::None), ..Limits::default() };
        assert_eq!(none.over(&only), Some(Value::Null));
    }

    #[test]
    fn a_budget_is_an_amount_and_a_period() {
        let budget: Bound<Budget> = "250/month".parse().unwrap();
        let json = budget.json(Budget::json);
        assert_eq!(json, json!({ "amount": "250", "period": "month" }));
        assert_eq!("none".parse::<Bound<Budget>>().unwrap().json(Budget::json), Value::Null);
        for unclear in ["250", "250/year", "/"] {
            let given = unclear.parse::<Bound<Budget>>().unwrap_err();
            assert!(given.contains("250/month"), "{unclear}: {given}");
        }
    }

    #[test]
    fn a_count_is_a_whole_number_above_nothing() {
        assert_eq!("60".parse::<Bound<Count>>(), Ok(Bound::At(Count(60))));
        assert_eq!("none".parse::<Bound<Count>>(), Ok(Bound::None));
        for wrong in ["0", "-1", "many", "1.5"] {
            assert!(wrong.parse::<Bound<Count>>().unwrap_err().contains("whole number"), "{wrong}");
        }
    }
}
