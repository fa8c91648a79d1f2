//! What a request was settled with, read from its event on the log.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// As far as a case says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// completed, cancelled or failed
    pub outcome: String,
    /// Tokens of each unit, all of them.
    #[serde(default)]
    pub units: Option<BTreeMap<String, u64>>,
    /// Who counted: reported or counted.
    #[serde(default)]
    pub source: Option<String>,
    /// In whose words the upstream reported, if not in the usual ones.
    #[serde(default)]
    pub dialect: Option<String>,
    /// Why a person should look at it: nothing, unless a case says so.
    #[serde(default)]
    pub marks: Vec<String>,
    /// What the upstream reported, where less is charged.
    #[serde(default)]
    pub reported: Option<BTreeMap<String, u64>>,
    /// How each attempt ended.
    #[serde(default)]
    pub attempts: Option<Vec<String>>,
}

/// In nano-units, for a million tokens: each its own, so that a token in the wrong unit shows in the charge.
pub const RATES: [(&str, &str, u64); 4] = [
    ("input", "1", 1_000),
    ("cached_input", "0.1", 100),
    ("output", "10", 10_000),
    ("reasoning", "20", 20_000),
];

/// What falls back to another unit's rate.
const LIKE: [(&str, &str); 2] = [("cache_write", "input"), ("audio_input", "input")];

impl Bill {
    /// What of it is otherwise in a settlement's event, and in what is shown of its request.
    pub fn differences(&self, settled: &Value, shown: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, is: Value, wanted: Option<Value>| {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != is) {
                found.push(format!("settled with {what} {is}, not {wanted}"));
            }
        };
        compare("outcome", settled["outcome"]["is"].clone(), Some(self.outcome.as_str().into()));
        let usage = &settled["usage"];
        let units = without_requests(&usage["units"]);
        let wanted = self.units.as_ref().map(|units| serde_json::to_value(units).unwrap());
        compare("units", units.clone(), wanted);
        compare("source", usage["source"].clone(), self.source.as_deref().map(Into::into));
        compare("dialect", usage["dialect"].clone(), self.dialect.as_deref().map(Into::into));
        compare("marks", shown["marks"].clone(), Some(self.marks.clone().into()));
        let reported = self.reported.as_ref().map(|units| serde_json::to_value(units).unwrap());
        compare("reported", settled["doubt"]["reported"].clone(), Some(reported.into()));
        let attempts = settled["attempts"].as_array().into_iter().flatten();
        let attempts: Vec<Value> = attempts.map(|attempt| attempt["outcome"].clone()).collect();
        compare("attempts", attempts.into(), self.attempts.clone().map(Into::into));
        let charge = if self.outcome == "failed" { 0 } else { charge(&units) };
        compare("charge", settled["charge"].clone(), Some(charge.into()));
        found
    }
}

fn without_requests(units: &Value) -> Value {
    let mut units = units.clone();
    if let Some(units) = units.as_object_mut() {
        units.remove("requests");
    }
    units
}

fn charge(units: &Value) -> u64 {
    let rate = |unit: &str| {
        let like = LIKE.iter().find(|(one, _)| *one == unit).map_or(unit, |(_, other)| other);
        RATES.iter().find(|(known, ..)| *known == like).map_or(0, |(_, _, nanos)| *nanos)
    };
    let units = units.as_object().into_iter().flatten();
    units.map(|(unit, count)| count.as_u64().unwrap_or(0) * rate(unit)).sum()
}
