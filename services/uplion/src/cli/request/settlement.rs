//! What the end of a request says beside its summary: every attempt at an upstream, and the labels of its client.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::archived_event::ArchivedEvent;

const SETTLED: &str = "uplion.request.settled.";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settlement {
    operation: Option<String>,
    service_tier: Option<String>,
    price: Option<String>,
    attempts: Vec<Attempt>,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    worker: String,
    upstream: Option<String>,
    outcome: String,
    usage: Option<Usage>,
    upstream_request_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    units: BTreeMap<String, u64>,
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
        let mut facts = vec![
            ("operation", self.operation.clone()),
            ("service tier", self.service_tier.clone()),
            ("price", self.price.clone()),
            ("labels", labels),
        ];
        facts.extend(self.attempts.iter().map(|attempt| ("attempt", Some(attempt.line()))));
        facts
    }
}

impl Attempt {
    /// `completed by ups_1 of wrk_1: input 200, output 300 (its own id: chatcmpl-1)`
    fn line(&self) -> String {
        let Self { worker, upstream, outcome, usage, upstream_request_id } = self;
        let by = match upstream {
            Some(upstream) => format!("{upstream} of {worker}"),
            None => worker.clone(),
        };
        let units = usage.iter().flat_map(|usage| &usage.units);
        let units = units.map(|(unit, count)| format!("{} {count}", unit.replace('_', " ")));
        let units = units.collect::<Vec<_>>().join(", ");
        let units = if units.is_empty() { units } else { format!(": {units}") };
        let own = upstream_request_id.as_ref().map(|id| format!(" (its own id: {id})"));
        format!("{outcome} by {by}{units}{}", own.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::output::facts;

    fn events(kind: &str) -> Vec<ArchivedEvent> {
        let event = json!({
            "position": "AQEB", "effective": true,
            "event": { "type": kind, "time": "2026-11-23T08:33:20Z", "data": {
                "operation": "chat_completion",
                "labels": { "team": "physics", "run": "nightly" },
                "attempts": [
                    { "worker": "wrk_1", "outcome": "busy" },
                    { "worker": "wrk_2", "upstream": "ups_1", "outcome": "completed",
                      "usage": { "units": { "cached_input": 10, "output": 3 }, "source": "reported" },
                      "upstream_request_id": "chatcmpl-1" },
                ],
            } },
        });
        vec![serde_json::from_value(event).unwrap()]
    }

    #[test]
    fn every_attempt_is_told_with_its_upstream_its_outcome_and_what_it_used() {
        let settlement = Settlement::among(&events("uplion.request.settled.v2")).unwrap();
        assert_eq!(
            facts(&settlement.facts()),
            "operation: chat_completion\n\
             labels:    run=nightly, team=physics\n\
             attempt:   busy by wrk_1\n\
             attempt:   completed by ups_1 of wrk_2: cached input 10, output 3 (its own id: chatcmpl-1)"
        );
    }

    #[test]
    fn what_has_not_ended_tells_none_of_it() {
        assert!(Settlement::among(&events("uplion.request.accepted.v2")).is_none());
    }
}
