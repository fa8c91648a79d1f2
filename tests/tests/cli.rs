//! The commands that people type, against `uplion dev`: what they print, and with which code they end.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use serde_json::Value;
use uplion_tests::{
    scratch,
    uplion::{self, Answer, Role, Uplion},
};

struct Dev {
    data: String,
    _running: Uplion,
}

impl Dev {
    async fn start() -> Self {
        let data = scratch::folder("cli").unwrap().display().to_string();
        let running = Role::new("dev").with("--data", &data).start().await.unwrap();
        Self { data, _running: running }
    }

    async fn ask(&self, arguments: &[&str]) -> Answer {
        uplion::run(arguments, &[("UPLION_DATA", &self.data)]).await.unwrap()
    }

    /// What a command that succeeds prints.
    async fn told(&self, arguments: &[&str]) -> String {
        let answer = self.ask(arguments).await;
        assert!(answer.status.success(), "{arguments:?}: {answer:?}");
        answer.stdout
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let told = self.told(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&told).unwrap()
    }

    /// The one sentence of a command that fails.
    async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let answer = self.ask(arguments).await;
        assert_eq!(answer.status.code(), Some(code), "{arguments:?}: {answer:?}");
        assert_eq!(answer.stderr.lines().count(), 1, "{answer:?}");
        answer.stderr
    }
}

#[tokio::test]
async fn a_key_is_issued_used_billed_and_revoked() {
    let dev = Dev::start().await;
    dev.told(&["project", "create", "physics"]).await;
    let issued = dev.json(&["key", "create", "ci", "--project", "physics"]).await;
    let secret = issued["secret"].as_str().unwrap();
    let answer =
        dev.told(&["chat", "--api-key", secret, "--model", "demo", "How", "are you?"]).await;
    assert!(answer.contains("How are you?"), "{answer}");

    let usage = dev.json(&["usage", "--project", "physics"]).await;
    let [line] = &usage.as_array().unwrap()[..] else { panic!("{usage}") };
    assert_eq!((&line["key"], &line["model"]), (&issued["id"], &Value::from("demo")));
    assert_eq!((&line["requests"], &line["key_name"]), (&Value::from(1), &Value::from("ci")));
    assert!(line["prompt_tokens"].as_u64().unwrap() > 0, "{line}");
    assert!(line["completion_tokens"].as_u64().unwrap() > 0, "{line}");
    assert!(line["cost"].as_str().unwrap().starts_with("0.0"), "{line}");

    dev.told(&["key", "revoke", "ci"]).await;
    let refused = dev.refused(&["chat", "--api-key", secret, "again"], 1).await;
    assert!(refused.contains("--api-key"), "{refused}");
}

#[tokio::test]
async fn a_request_is_shown_with_its_events_in_order() {
    let dev = Dev::start().await;
    dev.told(&["chat", "Hello!"]).await;
    dev.told(&["usage"]).await;
    let requests = dev.json(&["request"]).await;
    let id = requests[0]["id"].as_str().unwrap();
    let events = dev.json(&["request", id]).await;
    let kinds: Vec<&str> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|archived| archived["event"]["type"].as_str().unwrap())
        .collect();
    let expected =
        ["uplion.request.accepted.v1", "uplion.task.assigned.v1", "uplion.request.settled.v1"];
    assert_eq!(kinds, expected);
    let told = dev.told(&["request", id]).await;
    assert!(told.contains("status:      completed"), "{told}");

    let tail = dev.told(&["log", "tail", "--no-follow", "-n", "1"]).await;
    assert!(tail.contains("request.settled") && tail.contains(id), "{tail}");
}

#[tokio::test]
async fn what_is_changed_is_what_is_shown() {
    let dev = Dev::start().await;
    dev.told(&["model", "create", "org/llama-3.1", "--alias", "llama"]).await;
    dev.told(&["model", "change", "llama", "--upstream", "http://127.0.0.1:9/v1"]).await;
    let model = dev.json(&["model", "show", "llama"]).await;
    assert_eq!(model["upstreams"][0]["url"], "http://127.0.0.1:9/v1");

    dev.told(&["price", "create", "llama", "--input", "0.15", "--output", "0.6"]).await;
    let prices = dev.json(&["price", "list", "--model", "llama"]).await;
    let id = prices[0]["id"].as_str().unwrap();
    dev.told(&["price", "change", id, "--output", "0.7"]).await;
    let prices = dev.json(&["price", "list", "--model", "llama"]).await;
    let standing: Vec<_> = prices
        .as_array()
        .unwrap()
        .iter()
        .filter(|price| price["withdrawn_at"].is_null())
        .map(|price| (price["input"].as_str().unwrap(), price["output"].as_str().unwrap()))
        .collect();
    assert_eq!(standing, [("0.15", "0.7")]);

    dev.told(&["model", "revoke", "llama"]).await;
    let models = dev.told(&["model", "list"]).await;
    let line = models.lines().find(|line| line.starts_with("org/llama-3.1")).unwrap();
    assert!(line.contains("retired"), "{models}");
}

#[tokio::test]
async fn a_command_that_fails_says_in_one_sentence_what_to_do() {
    let dev = Dev::start().await;
    dev.told(&["project", "create", "physics"]).await;
    let refused = dev.refused(&["project", "create", "physics"], 1).await;
    assert!(refused.contains("another open project is called physics"), "{refused}");
    let refused = dev.refused(&["key", "create"], 1).await;
    assert!(refused.contains("--project"), "{refused}");
    let refused = dev.refused(&["project", "list", "--admin-key", "wrong"], 1).await;
    assert!(refused.contains("UPLION_ADMIN_KEY"), "{refused}");
    let nowhere = ["project", "list", "--url", "http://127.0.0.1:1", "--admin-key", "x"];
    let refused = dev.refused(&nowhere, 3).await;
    assert!(refused.contains("uplion doctor"), "{refused}");
}

#[tokio::test]
async fn doctor_works_whether_control_does_or_not() {
    let dev = Dev::start().await;
    let well = dev.told(&["doctor", "--rate", "100000"]).await;
    for found in ["relay", "TRAFFIC", "usage_by_hour", "--traffic-max-bytes", "gateway"] {
        assert!(well.contains(found), "{well}");
    }
    let unwell = ["doctor", "--url", "http://127.0.0.1:1", "--admin-key", "x"];
    let unwell = dev.ask(&unwell).await;
    assert_eq!(unwell.status.code(), Some(1), "{unwell:?}");
    assert!(unwell.stdout.contains("bad    control"), "{unwell:?}");
    assert!(unwell.stdout.contains("ok     gateway"), "{unwell:?}");
}

#[tokio::test]
async fn the_description_of_the_api_is_printed_without_any_installation() {
    let answer = uplion::run(&["openapi"], &[]).await.unwrap();
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["openapi"], "3.0.0");
}
