//! One real request, to the check model that every worker serves: through gateway, queue, worker and log, and then into
//! archive and projection. Says how long each stage took, or where it got stuck.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use uplion_control_client::root_cause;
use uplion_domain::model::CHECK;
use uplion_gateway::LOG_REFUSES;

use super::finding::Finding;
use crate::cli::{
    client::{self, Client, read},
    endpoint::Endpoint,
    failure::Failure,
};

/// A gateway that cannot record the end of a request says so after ten seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// For archive and projection.
const ARCHIVED_WITHIN_MS: u64 = 5_000;
const MS_PER_S: f64 = 1_000.0;

#[derive(Debug, Deserialize)]
struct Timeline {
    request: Option<Summary>,
    complete: bool,
    events: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Summary {
    status: String,
    assigned_ms: Option<f64>,
    first_chunk_ms: Option<f64>,
    total_ms: Option<f64>,
}

/// What the gateway answered.
enum Answer {
    Whole { request: String, took: Duration },
    Failed(Finding),
}

/// `control`: to look for what was recorded, if that can be asked.
pub async fn run(gateway: &Endpoint, control: Option<&Client>) -> Result<Vec<Finding>, Failure> {
    let (request, took) = match ask(gateway).await? {
        Answer::Whole { request, took } => (request, took),
        Answer::Failed(finding) => return Ok(vec![finding]),
    };
    let ms = took.as_secs_f64() * MS_PER_S;
    let Some(control) = control else {
        let what = format!(
            "a request was answered and charged in {ms:.0} ms; archive and projection were not asked for"
        );
        return Ok(vec![Finding::good("check.answered", what)]);
    };
    Ok(vec![recorded(control, &request, ms).await])
}

async fn ask(gateway: &Endpoint) -> Result<Answer, Failure> {
    let body = json!({
        "model": CHECK,
        "messages": [{ "role": "user", "content": "uplion doctor" }],
    });
    let url = format!("{}/chat/completions", gateway.url);
    let started = Instant::now();
    let asked = gateway.authorize(client::http()?.post(&url)).json(&body).timeout(PATIENCE);
    let response = match asked.send().await {
        Ok(response) => response,
        Err(error) => {
            let what = format!("a request was not answered ({})", root_cause(&error));
            let advice = "the gateway's log says what became of it";
            return Ok(Answer::Failed(Finding::bad("check.unanswered", what, advice)));
        }
    };
    let status = response.status().as_u16();
    let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let request = id.unwrap_or_default().to_owned();
    let text = response.text().await.unwrap_or_default();
    let took = started.elapsed();
    if status == 200 {
        return Ok(Answer::Whole { request, took });
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let said = body["error"]["message"].as_str().unwrap_or(text.trim()).to_owned();
    let code = body["error"]["code"].as_str().unwrap_or_default();
    Ok(Answer::Failed(refused(status, code, &said, took)))
}

const RESTART: &str = "the log does not take the end of a request: is the disk of nats-server full? make room there, and restart it";

fn refused(status: u16, code: &str, said: &str, took: Duration) -> Finding {
    let what = format!("a request was answered {status} after {:.1} s: {said}", took.as_secs_f64());
    let (id, advice) = match (status, code) {
        (404, _) => {
            ("check.unknown", "this gateway knows no check model: does it run the same version?")
        }
        (503, "model_unavailable") => (
            "check.unserved",
            "no worker took it: is one running (`uplion worker`), and what does its /ready say?",
        ),
        (503, _) if said.contains(LOG_REFUSES) => ("check.unrecorded", RESTART),
        (503, _) => ("check.refused", "the gateway admits nothing now: its /ready says why"),
        (504, _) => {
            ("check.unserved", "no worker took it: is one running, and does it reach the broker?")
        }
        (500, _) => ("check.unrecorded", RESTART),
        _ => ("check.failed", "the gateway's and the worker's log say more"),
    };
    Finding::bad(id, what, advice)
}

async fn recorded(control: &Client, request: &str, ms: f64) -> Finding {
    let started = Instant::now();
    let wait = [("wait", ARCHIVED_WITHIN_MS.to_string())];
    let asked = control.get(&["requests", request], &wait).await;
    let answered = format!("a request was answered and charged in {ms:.0} ms");
    let timeline: Timeline = match asked.and_then(read) {
        Ok(timeline) => timeline,
        Err(failure) => {
            let said = failure.message().unwrap_or_default();
            let what = format!(
                "{answered}, and is not archived after {} s: {said}",
                ARCHIVED_WITHIN_MS / 1_000
            );
            let advice = "bills wait: is a projector running, and what does its /ready say?";
            return Finding::bad("check.unarchived", what, advice);
        }
    };
    let archived_ms = started.elapsed().as_secs_f64() * MS_PER_S;
    let Timeline { request: summary, complete, events } = timeline;
    let Some(summary) = summary.filter(|summary| complete || summary.status == "completed") else {
        let what =
            format!("{answered} and archived ({} events), and is in no projection", events.len());
        let advice = "what people see is old: see what is said of the projections";
        return Finding::bad("check.unprojected", what, advice);
    };
    summary.finding(ms, archived_ms)
}

impl Summary {
    fn finding(&self, ms: f64, archived_ms: f64) -> Finding {
        let at = |ms: Option<f64>| ms.map_or_else(|| "?".to_owned(), |ms| format!("{ms:.1}"));
        let what = format!(
            "a request went through: assigned after {} ms, first chunk {}, settled {}, answered {ms:.1}, archived and projected {archived_ms:.0} ms later",
            at(self.assigned_ms),
            at(self.first_chunk_ms),
            at(self.total_ms),
        );
        Finding::good("check.ok", what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_takes_nothing_is_told_with_its_cure_whether_the_door_is_closed_already() {
        let said = format!("the service is not ready: {LOG_REFUSES}");
        for (status, code, said) in
            [(500, "internal_error", "an error"), (503, "unavailable", said.as_str())]
        {
            let found = refused(status, code, said, Duration::ZERO);
            assert_eq!(found.id, "check.unrecorded");
            assert!(found.advice.unwrap().contains("restart it"));
        }
        let stopping = refused(503, "unavailable", "it is stopping", Duration::ZERO);
        assert_eq!(stopping.id, "check.refused");
    }
}
