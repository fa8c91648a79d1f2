//! Who serves, and what only a person can mend, as the log tells it.

use serde::Deserialize;

use super::finding::{Finding, Severity};
use crate::cli::{
    client::{Client, read},
    failure::Failure,
};

/// Of the newest workers: they are never deleted, and those before are stopped or killed.
const NEWEST: usize = 100;

#[derive(Debug, Deserialize)]
struct Worker {
    id: String,
    status: String,
    failures: Vec<WorkerFailure>,
}

#[derive(Debug, Deserialize)]
struct WorkerFailure {
    model: String,
    reason: String,
    at: String,
}

pub async fn examine(client: &Client) -> Result<Vec<Finding>, Failure> {
    let newest = client.list_at_most(&["workers"], &[], NEWEST).await?;
    let workers = newest.into_iter().map(read).collect::<Result<Vec<Worker>, _>>()?;
    let running: Vec<Worker> =
        workers.into_iter().filter(|worker| worker.status != "stopped").collect();
    if running.is_empty() {
        let advice = "start one with `uplion worker`".to_owned();
        let what = "none is running: requests wait".to_owned();
        return Ok(vec![finding(what, advice)]);
    }
    let failures: Vec<Finding> = running.iter().flat_map(Worker::failures).collect();
    if failures.is_empty() {
        return Ok(vec![Finding::good("worker", "none of them needs a person".to_owned())]);
    }
    Ok(failures)
}

impl Worker {
    fn failures(&self) -> impl Iterator<Item = Finding> {
        self.failures.iter().map(|WorkerFailure { model, reason, at }| {
            let what = format!("{} could not serve {model} at {at}: {reason}", self.id);
            finding(what, advice(model, reason))
        })
    }
}

const fn finding(what: String, advice: String) -> Finding {
    Finding { severity: Severity::Warning, about: "worker", what, advice: Some(advice) }
}

fn advice(model: &str, reason: &str) -> String {
    let where_to_look = format!("`uplion model upstream list {model}`");
    let what = match reason {
        "ConfigurationError" => "is the URL right, and is its key's variable set at the worker?",
        "AuthenticationError" => "the upstream does not take its key",
        "APIQuotaExceededError" => "the provider's quota is used up",
        _ => "the worker's log says more",
    };
    format!("{where_to_look}: {what}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_person_has_to_mend_is_told_with_where_to_look() {
        let worker: Worker = read::<Worker>(worker()).unwrap();
        let lines: Vec<String> = worker.failures().map(|finding| finding.lines()).collect();
        let [lines] = &lines[..] else { panic!("{lines:?}") };
        for part in ["watch", "wrk_1", "llama", "AuthenticationError", "model upstream list llama"]
        {
            assert!(lines.contains(part), "{lines}");
        }
    }

    fn worker() -> Value {
        let failures = [
            json!({ "model": "llama", "reason": "AuthenticationError", "at": "2026-11-23T08:00:00Z" }),
        ];
        json!({ "id": "wrk_1", "status": "failed", "failures": failures })
    }
}
