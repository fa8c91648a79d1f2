//! Who serves: models, their upstreams and workers, and what only a person can mend, as the log tells it.

use serde::Deserialize;

use super::finding::Finding;
use crate::cli::{
    client::{Client, read},
    failure::Failure,
    workers::Presence,
};

/// Of the newest workers: they are never deleted, and those before are stopped or killed.
const NEWEST: usize = 100;

#[derive(Debug, Deserialize)]
struct Worker {
    id: String,
    status: String,
    #[serde(default)]
    models: Vec<String>,
    failures: Vec<WorkerFailure>,
    #[serde(default)]
    present: Option<bool>,
    #[serde(default)]
    presence: Option<Presence>,
}

#[derive(Debug, Deserialize)]
struct WorkerFailure {
    model: String,
    reason: String,
    at: String,
}

#[derive(Debug, Deserialize)]
struct Model {
    name: String,
    status: String,
}

pub async fn examine(client: &Client) -> Result<Vec<Finding>, Failure> {
    let newest = client.list_at_most(&["workers"], &[], NEWEST).await?;
    let workers = newest.into_iter().map(read).collect::<Result<Vec<Worker>, _>>()?;
    let running: Vec<Worker> = workers.into_iter().filter(Worker::is_running).collect();
    let models = client.list(&["models"], &[]).await?;
    let models = models.into_iter().map(read).collect::<Result<Vec<Model>, _>>()?;
    let registered: Vec<Model> =
        models.into_iter().filter(|model| model.status == "registered").collect();
    let mut findings = workers_found(&running);
    findings.extend(models_found(&registered, &running));
    Ok(findings)
}

fn workers_found(running: &[Worker]) -> Vec<Finding> {
    if running.is_empty() {
        let what = "none is running: nobody answers requests";
        return vec![Finding::bad("worker.none", what, "start one with `uplion worker`")];
    }
    let failures: Vec<Finding> = running.iter().flat_map(Worker::failures).collect();
    if failures.is_empty() {
        let what =
            format!("{} began to serve and did not stop; none needs a person", running.len());
        return vec![Finding::good("worker.ok", what)];
    }
    failures
}

fn models_found(registered: &[Model], running: &[Worker]) -> Vec<Finding> {
    if registered.is_empty() {
        let advice = "register one: `uplion model create NAME --upstream URL`";
        return vec![Finding::watch("model.none", "no model is registered", advice)];
    }
    let served = |name: &str| running.iter().any(|one| one.serves(name));
    let mut findings: Vec<Finding> = registered
        .iter()
        .filter(|model| !running.is_empty() && !served(&model.name))
        .map(|model| {
            let Model { name, .. } = model;
            let what = format!("no running worker said that it serves {name}");
            let advice = format!("give it an upstream (`uplion model upstream list {name}`), or start a worker that brings one: `uplion worker --model {name} --upstream URL`");
            Finding::watch("model.unserved", what, advice).named(name.clone())
        })
        .collect();
    let served = registered.len() - findings.len();
    if served > 0 && !running.is_empty() {
        findings.push(Finding::good(
            "model.ok",
            format!("{served} of {} have a worker", registered.len()),
        ));
    }
    findings
}

impl Worker {
    /// Whoever was killed could not say that it stopped.
    fn is_running(&self) -> bool {
        self.status != "stopped" && self.present != Some(false)
    }

    fn serves(&self, name: &str) -> bool {
        match &self.presence {
            Some(presence) => presence.upstreams.iter().any(|one| one.model == name),
            None => self.models.iter().any(|model| model == name),
        }
    }

    /// What it says of itself, if it is there: what the log says may be mended since.
    fn failures(&self) -> Vec<Finding> {
        match &self.presence {
            Some(presence) => self.down(presence),
            None => self.recorded().collect(),
        }
    }

    fn down(&self, presence: &Presence) -> Vec<Finding> {
        let down = presence.upstreams.iter().filter(|upstream| upstream.is_down());
        let finding = |upstream: &crate::cli::workers::Upstream| {
            let (model, url) = (&upstream.model, &upstream.url);
            let what =
                format!("for worker {} {model} at {url} is {}", self.id, upstream.standing());
            let advice = format!("`uplion model upstream list {model}` says how it is registered");
            Finding::watch("upstream.down", what, advice).named(url.clone())
        };
        down.map(finding).collect()
    }

    fn recorded(&self) -> impl Iterator<Item = Finding> {
        self.failures.iter().map(|WorkerFailure { model, reason, at }| {
            let what = format!("{} could not serve {model} at {at}: {reason}", self.id);
            Finding::watch("worker.failed", what, advice(model, reason)).named(self.id.clone())
        })
    }
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
    use super::*;

    fn worker(models: &[&str]) -> Worker {
        let failure = WorkerFailure {
            model: "llama".into(),
            reason: "AuthenticationError".into(),
            at: "2026-11-23T08:00:00Z".into(),
        };
        let models = models.iter().map(|&model| model.to_owned()).collect();
        let (id, status, failures) = ("wrk_1".into(), "failed".into(), vec![failure]);
        Worker { id, status, models, failures, present: None, presence: None }
    }

    fn model(name: &str) -> Model {
        Model { name: name.into(), status: "registered".into() }
    }

    #[test]
    fn what_a_person_has_to_mend_is_told_with_where_to_look() {
        let found = workers_found(&[worker(&["llama"])]);
        let [Finding { id: "worker.failed", what, advice: Some(advice), .. }] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(what.contains("wrk_1") && what.contains("AuthenticationError"), "{what}");
        assert!(advice.contains("model upstream list llama"), "{advice}");
    }

    #[test]
    fn a_model_that_no_worker_serves_is_named() {
        let found = models_found(&[model("llama"), model("mistral")], &[worker(&["llama"])]);
        let ids: Vec<_> = found.iter().map(|one| (one.id, one.name.as_deref())).collect();
        assert_eq!(ids, [("model.unserved", Some("mistral")), ("model.ok", None)]);
    }
}
