//! Models, upstreams and prices, by commands.

use serde_json::{Value, json};

use crate::dev::Dev;

const HERE: &str = "http://127.0.0.1:9/v1";
const THERE: &str = "http://127.0.0.1:10/v1";

#[tokio::test]
async fn upstreams_are_added_changed_and_removed_one_by_one() {
    let dev = Dev::start().await;
    dev.stdout(&["model", "register", "org/llama-3.1", "--upstream", HERE, "--max-processes", "3"])
        .await;
    let add = [
        "model",
        "upstream",
        "add",
        "org/llama-3.1",
        THERE,
        "--api-key-env",
        "THERE_KEY",
        "--weight",
        "3",
        "--stream-options",
        "never",
    ];
    dev.stdout(&add).await;
    let listed = dev.stdout(&["model", "upstream", "list", "org/llama-3.1", "--wide"]).await;
    let line = listed.lines().find(|line| line.contains(THERE)).unwrap();
    assert!(line.contains("$THERE_KEY") && line.contains("never"), "{listed}");

    let change = [
        "model",
        "upstream",
        "change",
        "org/llama-3.1",
        THERE,
        "--max-in-flight",
        "4",
        "--api-key-env",
        "none",
    ];
    dev.stdout(&change).await;
    dev.stdout(&["model", "upstream", "remove", "org/llama-3.1", HERE]).await;
    let shown = dev.json(&["model", "show", "org/llama-3.1"]).await;
    let [left] = &shown["upstreams"].as_array().unwrap()[..] else { panic!("{shown}") };
    assert_eq!(
        json!([left["url"], left["weight"], left["max_in_flight"], left["api_key_env"]]),
        json!([THERE, 3, 4, null])
    );
    assert_eq!((&left["stream_options"], &shown["max_processes"]), (&json!("never"), &json!(3)));
    let gone = dev.refused(&["model", "upstream", "remove", "org/llama-3.1", HERE], 6).await;
    assert!(gone.contains("upstream list"), "{gone}");
}

#[tokio::test]
async fn terms_are_times_as_people_write_them_and_none_is_the_usual() {
    let dev = Dev::start().await;
    let register = ["model", "register", "slow", "--deadline", "20m", "--wait-for-worker", "5m"];
    dev.stdout(&register).await;
    let shown = dev.stdout(&["model", "show", "slow"]).await;
    assert!(shown.contains("20m") && shown.contains("5m"), "{shown}");
    let change = ["model", "change", "slow", "--deadline", "none", "--attempts", "5"];
    dev.stdout(&change).await;
    let terms = dev.json(&["model", "show", "slow"]).await["terms"].clone();
    let said = ["deadline_s", "attempts", "wait_for_worker_s"].map(|name| &terms[name]);
    assert_eq!(said, [&json!(null), &json!(5), &json!(300)]);
    let long = dev.refused(&["model", "change", "slow", "--deadline", "2h"], 1).await;
    assert!(long.contains("deadline_s") && long.contains("3600"), "{long}");
}

#[tokio::test]
async fn aliases_come_and_go_one_by_one() {
    let dev = Dev::start().await;
    dev.stdout(&["model", "create", "org/llama-3.1", "--alias", "llama"]).await;
    dev.stdout(&["model", "alias", "add", "llama", "best"]).await;
    assert_eq!(dev.json(&["model", "show", "best"]).await["aliases"], json!(["best", "llama"]));
    dev.stdout(&["model", "alias", "remove", "best", "llama"]).await;
    dev.refused(&["model", "show", "llama"], 6).await;
    let taken = dev.refused(&["model", "create", "other", "--alias", "best"], 5).await;
    assert!(taken.contains("best"), "{taken}");
}

#[tokio::test]
async fn a_project_pays_its_own_price_from_a_time_in_the_past() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics"]).await;
    let rates = [
        "--input",
        "0.15",
        "--output",
        "0.6",
        "--cached-input",
        "0.05",
        "--reasoning",
        "0.7",
        "--request",
        "0.001",
        "--from",
        "2020-01-01T00:00:00Z",
    ];
    let set = [&["price", "set", "demo", "--project", "physics"][..], &rates].concat();
    dev.stdout(&set).await;
    let prices = dev.json(&["price", "list", "--project", "physics"]).await;
    let [price] = &prices.as_array().unwrap()[..] else { panic!("{prices}") };
    for (field, value) in [
        ("input", "0.15"),
        ("output", "0.6"),
        ("cached_input", "0.05"),
        ("reasoning", "0.7"),
        ("request", "0.001"),
        ("effective_from", "2020-01-01T00:00:00Z"),
    ] {
        assert_eq!(price[field], value, "{price}");
    }
    dev.stdout(&["price", "withdraw", price["id"].as_str().unwrap()]).await;
    let withdrawn = dev.json(&["price", "list", "--project", "physics"]).await;
    assert_ne!(withdrawn[0]["withdrawn_at"], Value::Null);
}
