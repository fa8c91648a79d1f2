//! What is done is what is shown.

use serde_json::Value;

use crate::dev::Dev;

#[tokio::test]
async fn a_key_is_issued_used_billed_and_revoked() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics"]).await;
    let issued = dev.json(&["key", "create", "ci", "--project", "physics"]).await;
    let secret = issued["secret"].as_str().unwrap();
    let answer =
        dev.stdout(&["chat", "--api-key", secret, "--model", "demo", "How", "are you?"]).await;
    assert!(answer.contains("How are you?"), "{answer}");

    let usage = dev.json(&["usage", "--project", "physics"]).await;
    let [line] = &usage.as_array().unwrap()[..] else { panic!("{usage}") };
    assert_eq!((&line["key"], &line["model"]), (&issued["id"], &Value::from("demo")));
    assert_eq!((&line["requests"], &line["key_name"]), (&Value::from(1), &Value::from("ci")));
    assert!(line["prompt_tokens"].as_u64().unwrap() > 0, "{line}");
    assert!(line["completion_tokens"].as_u64().unwrap() > 0, "{line}");
    assert!(line["cost"].as_str().unwrap().starts_with("0.0"), "{line}");

    dev.stdout(&["key", "revoke", "ci"]).await;
    let refused = dev.refused(&["chat", "--api-key", secret, "again"], 4).await;
    assert!(refused.contains("--api-key"), "{refused}");
}

#[tokio::test]
async fn a_request_is_shown_with_its_events_in_order() {
    let dev = Dev::start().await;
    dev.stdout(&["chat", "Hello!"]).await;
    dev.stdout(&["usage"]).await;
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
        ["uplion.request.accepted.v2", "uplion.task.assigned.v1", "uplion.request.settled.v2"];
    assert_eq!(kinds, expected);
    let found = dev.json(&["request", "--model", "demo", "--status", "completed"]).await;
    assert_eq!(found[0]["id"], id);
    for none in [["--status", "failed"], ["--to", "2020-01-01T00:00:00Z"]] {
        let found = dev.json(&[&["request"][..], &none].concat()).await;
        assert_eq!(found, Value::Array(vec![]), "{none:?}");
    }
    let told = dev.stdout(&["request", id]).await;
    let status = told.lines().find_map(|line| line.strip_prefix("status:")).map(str::trim);
    assert_eq!(status, Some("completed"), "{told}");

    let tail = dev.stdout(&["log", "tail", "--no-follow", "-n", "1"]).await;
    assert!(tail.contains("request.settled") && tail.contains(id), "{tail}");
}

#[tokio::test]
async fn what_is_changed_is_what_is_shown() {
    let dev = Dev::start().await;
    dev.stdout(&["model", "create", "org/llama-3.1", "--alias", "llama"]).await;
    dev.stdout(&["model", "change", "llama", "--upstream", "http://127.0.0.1:9/v1"]).await;
    let model = dev.json(&["model", "show", "llama"]).await;
    assert_eq!(model["upstreams"][0]["url"], "http://127.0.0.1:9/v1");

    dev.stdout(&["price", "create", "llama", "--input", "0.15", "--output", "0.6"]).await;
    let prices = dev.json(&["price", "list", "--model", "llama"]).await;
    let id = prices[0]["id"].as_str().unwrap();
    dev.stdout(&["price", "change", id, "--output", "0.7"]).await;
    let prices = dev.json(&["price", "list", "--model", "llama"]).await;
    let standing: Vec<_> = prices
        .as_array()
        .unwrap()
        .iter()
        .filter(|price| price["withdrawn_at"].is_null())
        .map(|price| (price["input"].as_str().unwrap(), price["output"].as_str().unwrap()))
        .collect();
    assert_eq!(standing, [("0.15", "0.7")]);

    dev.stdout(&["model", "revoke", "llama"]).await;
    let models = dev.stdout(&["model", "list"]).await;
    let line = models.lines().find(|line| line.starts_with("org/llama-3.1")).unwrap();
    assert!(line.contains("retired"), "{models}");
}

#[tokio::test]
async fn events_are_followed_as_they_come() {
    let dev = Dev::start().await;
    let following = dev.begin(&["events", "--follow", "--all", "--json"]);
    dev.stdout(&["project", "create", "physics"]).await;
    let seen = following.until(|line| line.contains("physics")).await;
    let events: Vec<Value> = seen.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = events.last().unwrap();
    assert_eq!(last["event"]["type"], "uplion.project.created.v1");
    // Begun behind any of them it tells the same.
    let first = events[0]["position"].as_str().unwrap();
    let again = dev.stdout(&["events", "--after", first, "--json"]).await;
    let again: Vec<Value> = again.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(again[..events.len() - 1], events[1..]);
}
