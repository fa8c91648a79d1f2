//! What is known of a request beside its summary: every attempt at an upstream, its labels, what it was priced by.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::archived_event::ArchivedEvent;

const SETTLED: &str = "uplion.request.settled.";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settlement {
    service_tier: Option<String>,
    price: Option<String>,
    labels: BTreeMap<String, String>,
    usage: Source,
}

/// How the usage that was billed was come by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Source {
    source: Option<String>,
    dialect: Option<String>,
}

/// One call to an upstream.
#[derive(Debug, Deserialize)]
pub struct Attempt {
    worker: String,
    upstream: Option<String>,
    outcome: String,
    /// As the upstream reported it; none if it did not say.
    units: Option<BTreeMap<String, u64>>,
    upstream_request_id: Option<String>,
}

impl Settlement {
    /// None of a request that has not ended.
    pub fn among(events: &[ArchivedEvent]) -> Option<Self> {
        let settled = events.iter().find_map(|event| event.data_of(SETTLED))?;
        serde_json::from_value(settled.clone()).ok()
    }

    pub fn facts(&self) -> Vec<(&'static str, Option<String>)> {
        let labels = self.labels.iter().map(|(name, value)| format!("{name}={value}"));
        let labels = Some(labels.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty());
        vec![
            ("service tier", self.service_tier.clone()),
            ("price", self.price.clone()),
            ("labels", labels),
            ("usage", self.usage.fact()),
        ]
    }
}

impl Source {
    /// `reported by the upstream (as x_groq)`
    fn fact(&self) -> Option<String> {
        let dialect = self.dialect.as_ref().map(|dialect| format!(" (as {dialect})"));
        let by = match self.source.as_deref()? {
            "reported" => "reported by the upstream",
            "counted" => "counted by the worker",
            other => other,
        };
        Some(format!("{by}{}", dialect.unwrap_or_default()))
    }
}

impl Attempt {
    /// `completed by ups_1 of wrk_1: input 200, output 300 (its own id: chatcmpl-1)`
    pub fn line(&self) -> String {
        let Self { worker, upstream, outcome, units, upstream_request_id } = self;
        let by = match upstream {
            Some(upstream) => format!("{upstream} of {worker}"),
            None => worker.clone(),
        };
        let units = units.as_ref().map(counts).unwrap_or_default();
        let units = if units.is_empty() { units } else { format!(": {units}") };
        let own = upstream_request_id.as_ref().map(|id| format!(" (its own id: {id})"));
        format!("{outcome} by {by}{units}{}", own.unwrap_or_default())
    }
}

/// `cached input 10, output 3`
pub fn counts(units: &BTreeMap<String, u64>) -> String {
    let units = units.iter().map(|(unit, count)| format!("{} {count}", unit.replace('_', " ")));
    units.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::output::facts;

    #[test]
    fn an_attempt_is_told_with_its_upstream_its_outcome_and_what_it_used() {
        let attempts: Vec<Attempt> = serde_json::from_value(json!([
            { "worker": "wrk_1", "upstream": null, "outcome": "unknown", "units": null },
            { "worker": "wrk_2", "upstream": "ups_1", "outcome": "completed",
              "units": { "cached_input": 10, "output": 3 }, "upstream_request_id": "chatcmpl-1" },
        ]))
        .unwrap();
        let lines: Vec<String> = attempts.iter().map(Attempt::line).collect();
        assert_eq!(
            lines,
            [
                "unknown by wrk_1",
                "completed by ups_1 of wrk_2: cached input 10, output 3 (its own id: chatcmpl-1)",
            ]
        );
    }

    fn events(kind: &str) -> Vec<ArchivedEvent> {
        let data = json!({
            "price": "prc_1", "labels": { "team": "physics", "run": "nightly" },
            "usage": { "units": { "input": 3 }, "source": "reported", "dialect": "x_groq" },
        });
        let event = json!({ "type": kind, "time": "2026-11-23T08:33:20Z", "data": data });
        let event = json!({ "position": "AQEB", "effective": true, "event": event });
        vec![serde_json::from_value(event).unwrap()]
    }

    #[test]
    fn labels_and_price_are_those_of_the_settlement() {
        let settlement = Settlement::among(&events("uplion.request.settled.v2")).unwrap();
        let text = facts(&settlement.facts());
        assert!(text.contains("prc_1") && text.contains("run=nightly, team=physics"), "{text}");
        assert!(text.contains("reported by the upstream (as x_groq)"), "{text}");
        assert!(Settlement::among(&events("uplion.request.accepted.v2")).is_none());
    }
}
