//! Who serves: models, their upstreams and workers, and what only a person can mend, as the log tells it.

use serde::Deserialize;

use super::{
    finding::Finding,
    processes::{Process, serve},
};
use crate::cli::{
    client::{Client, read},
    failure::Failure,
};

/// Of the newest workers: they are never deleted, and those before are stopped or killed.
const NEWEST: u32 = 100;

#[derive(Debug, Deserialize)]
struct Worker {
    id: String,
    status: String,
    /// None if that is not known.
    present: Option<bool>,
    failures: Vec<WorkerFailure>,
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

/// `processes`: who is there, if that is known.
pub async fn examine(
    client: &Client,
    processes: Option<&[Process]>,
) -> Result<Vec<Finding>, Failure> {
    let newest = client.list_at_most(&["workers"], &[], NEWEST).await?;
    let workers = newest.into_iter().map(read).collect::<Result<Vec<Worker>, _>>()?;
    let models = client.list(&["models"], &[]).await?;
    let models = models.into_iter().map(read).collect::<Result<Vec<Model>, _>>()?;
    let registered: Vec<Model> =
        models.into_iter().filter(|model| model.status == "registered").collect();
    let mut findings = workers_found(&workers, &registered);
    findings.extend(models_found(&registered, processes));
    Ok(findings)
}

/// What the log has of those of whom it is not known whether they are there: the others say themselves what they lack,
/// and what the log says may be mended since. Of models that are still registered.
fn workers_found(workers: &[Worker], registered: &[Model]) -> Vec<Finding> {
    let lives = |worker: &&Worker| worker.present.is_none() && worker.status != "stopped";
    let counts = |failure: &&WorkerFailure| registered.iter().any(|one| one.name == failure.model);
    let failures: Vec<Finding> = workers
        .iter()
        .filter(lives)
        .flat_map(|worker| worker.failures.iter().filter(counts).map(|one| worker.failure(one)))
        .collect();
    if failures.is_empty() {
        return vec![Finding::good("worker.ok", "no worker needs a person")];
    }
    failures
}

fn models_found(registered: &[Model], processes: Option<&[Process]>) -> Vec<Finding> {
    if registered.is_empty() {
        let advice = "register one: `uplion model create NAME --upstream URL`";
        return vec![Finding::watch("model.none", "no model is registered", advice)];
    }
    // Without any worker there is more to be said than of each model.
    let Some(processes) = processes.filter(|all| all.iter().any(|one| one.role == "worker")) else {
        return Vec::new();
    };
    let mut findings: Vec<Finding> = registered
        .iter()
        .filter(|model| !serve(processes, &model.name))
        .map(|model| unserved(&model.name))
        .collect();
    let served = registered.len() - findings.len();
    if served > 0 {
        let what = format!("{served} of {} have a worker", registered.len());
        findings.push(Finding::good("model.ok", what));
    }
    findings
}

fn unserved(name: &str) -> Finding {
    let what = format!("no worker serves {name}: its clients get 503");
    let advice = format!(
        "give it an upstream (`uplion model upstream list {name}`), or start a worker that brings one: `uplion worker --model {name} --upstream URL`"
    );
    Finding::watch("model.unserved", what, advice).named(name)
}

impl Worker {
    fn failure(&self, failure: &WorkerFailure) -> Finding {
        let WorkerFailure { model, reason, at } = failure;
        let what = format!("{} could not serve {model} at {at}: {reason}", self.id);
        Finding::watch("worker.failed", what, advice(model, reason)).named(self.id.clone())
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

    fn worker(present: Option<bool>) -> Worker {
        let failure = WorkerFailure {
            model: "llama".into(),
            reason: "AuthenticationError".into(),
            at: "2026-11-23T08:00:00Z".into(),
        };
        Worker { id: "wrk_1".into(), status: "failed".into(), present, failures: vec![failure] }
    }

    fn llama() -> Model {
        Model { name: "llama".into(), status: "registered".into() }
    }

    #[test]
    fn what_a_person_has_to_mend_is_told_with_where_to_look() {
        let found = workers_found(&[worker(None)], &[llama()]);
        let [Finding { id: "worker.failed", what, advice: Some(advice), .. }] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(what.contains("wrk_1") && what.contains("AuthenticationError"), "{what}");
        assert!(advice.contains("model upstream list llama"), "{advice}");
    }

    #[test]
    fn who_is_gone_or_says_himself_what_he_lacks_is_not_told_by_the_log() {
        for present in [Some(true), Some(false)] {
            assert_eq!(workers_found(&[worker(present)], &[llama()])[0].id, "worker.ok");
        }
        assert_eq!(workers_found(&[worker(None)], &[])[0].id, "worker.ok", "it is retired");
    }
}
