//! Prices by unit and by rule, and amounts in the currency that the installation was founded with.

use std::{fs, path::Path};

use serde_json::{Value, json};
use uplion_bench::upstream::{Script, Upstream};
use uplion_tests::{
    chat::Client,
    http, scratch,
    uplion::{self, Role},
    wait::{self, PATIENCE},
};

use crate::dev::Dev;

#[tokio::test]
async fn amounts_are_in_the_currency_that_the_installation_was_founded_with() {
    let data = scratch::folder("cli").unwrap().display().to_string();
    let founded = Role::new("dev").option("--data", &data).option("--currency", "JPY");
    let running = founded.option("--time-zone", "Asia/Tokyo").start().await.unwrap();
    let environment = [("UPLION_DATA", data.as_str())];
    for (arguments, text) in [
        (["price", "list"], "INPUT (JPY)"),
        (["key", "list"], "COST (JPY)"),
        (["events", "--all"], "time_zone=Asia/Tokyo"),
    ] {
        let answer = uplion::run(&arguments, &environment).await.unwrap();
        assert!(answer.stdout.contains(text), "{arguments:?}: {answer:?}");
    }
    drop(running);
    let otherwise = ["dev", "--data", &data, "--listen", "127.0.0.1:0", "--currency", "EUR"];
    let answer = uplion::run(&otherwise, &environment).await.unwrap();
    assert!(!answer.status.success() && answer.stderr.contains("JPY"), "{answer:?}");
}

#[tokio::test]
async fn a_price_has_a_rate_for_any_unit_and_other_rates_where_something_is_so() {
    let dev = Dev::start().await;
    let rates = ["--input", "1.25", "--output", "10", "--rate", "images=0.04"];
    let when = ["--when", "context_above=200000", "input=2.50,output=15"];
    dev.stdout(&[&["price", "set", "demo"][..], &rates, &when].concat()).await;
    let prices = dev.json(&["price", "list", "--model", "demo"]).await;
    let with_rules = |price: &&serde_json::Value| price["rates"]["images"] == "0.04";
    let price = prices.as_array().unwrap().iter().find(with_rules).unwrap();
    assert_eq!(price["rules"][0]["when"], json!({ "context_above": 200_000 }), "{price}");
    assert_eq!(price["rules"][0]["rates"], json!({ "input": "2.5", "output": "15" }));

    let id = price["id"].as_str().unwrap();
    let text = dev.stdout(&["price", "show", id]).await;
    for part in ["0.04 USD", "context_above=200000", "2.50 USD"] {
        assert!(text.contains(part), "{text}");
    }
    let changed = dev.json(&["price", "change", id, "--rate", "images=0.05"]).await;
    let changed = dev.json(&["price", "show", changed["id"].as_str().unwrap()]).await;
    assert_eq!(changed["rates"]["images"], "0.05", "{changed}");
    assert_eq!(changed["rules"][0], price["rules"][0]);
    let unknown =
        dev.refused(&["price", "set", "demo", "--when", "weather=fine", "input=1"], 1).await;
    assert!(unknown.contains("weather"), "{unknown}");
}

#[tokio::test]
async fn a_charge_for_less_than_was_reported_is_found_and_told_with_what_was() {
    let dev = Dev::start().await;
    let upstream = Upstream::start().await.unwrap();
    upstream.set_default(Script { chunks: 500, ..Script::default() });
    dev.stdout(&["model", "register", "verbose", "--upstream", &upstream.url()]).await;
    let known = fs::read(Path::new(&dev.data).join("credentials.json")).unwrap();
    let known: Value = serde_json::from_slice(&known).unwrap();
    let client = Client::new(http::client(), &dev.url(), known["api_key"].as_str().unwrap());
    let question = json!({
        "model": "verbose", "max_tokens": 10, "messages": [{ "role": "user", "content": "hello" }],
    });
    let served = async || client.ask(&question).await.is_ok_and(|answer| answer.status == 200);
    wait::until(PATIENCE, "the model to be served", served).await.unwrap();
    dev.stdout(&["chat", "Hello!"]).await;
    let found = async || {
        let marked = dev.json(&["charges", "--marked"]).await;
        marked.as_array().unwrap().first().cloned()
    };
    let charge = wait::until_some(PATIENCE, "the charge", found).await.unwrap();
    assert_eq!((&charge["marks"], &charge["model"]), (&json!(["beyond_asked"]), &json!("verbose")));
    assert_eq!(
        (&charge["units"]["output"], &charge["reported_units"]["output"]),
        (&json!(74), &json!(500))
    );
    let listed = dev.stdout(&["charges", "--marked"]).await;
    assert!(listed.contains("MARKS") && listed.contains("beyond_asked"), "{listed}");
    let told = dev.stdout(&["request", charge["request"].as_str().unwrap()]).await;
    assert!(told.contains("beyond_asked") && told.contains("output 500"), "{told}");
}
