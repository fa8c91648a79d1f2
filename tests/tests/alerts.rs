//! The alert rules speak of metrics that there are, under the labels that they have. Whether each rings is tried by
//! `make alerts`.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use uplion_tests::{
    chat::Client,
    http,
    nats::Server,
    scratch,
    uplion::Role,
    wait::{self, PATIENCE},
};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)).unwrap()
}

/// Words that begin with `uplion_`.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
    words.filter(|word| word.starts_with("uplion_")).map(ToOwned::to_owned).collect()
}

/// What counts is called otherwise where it is scraped.
fn as_documented(metric: &str) -> &str {
    metric.strip_suffix("_total").unwrap_or(metric)
}

fn asked_for() -> BTreeSet<String> {
    let asked = metrics(&read("deploy/alerts.yaml"));
    assert!(asked.len() > 15, "{asked:?}");
    asked
}

#[test]
fn what_rules_ask_for_is_documented() {
    let documented = metrics(&read("docs/metrics.md"));
    let unknown: Vec<_> =
        asked_for().into_iter().filter(|name| !documented.contains(as_documented(name))).collect();
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn what_rules_point_to_is_in_the_page() {
    let page = read("docs/doctor.md");
    let heads: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|head| head.to_lowercase().replace(' ', "-"))
        .collect();
    let rules = read("deploy/alerts.yaml");
    for line in rules.lines().filter(|line| line.contains("runbook_url")) {
        let Some((_, place)) = line.split_once("docs/doctor.md#") else { continue };
        assert!(heads.contains(place), "{place} is not in {heads:?}");
    }
}

/// Where something waits, is down and unserved, so that nothing is left out for want of an observation.
#[tokio::test]
async fn a_running_installation_exports_all_that_rules_ask_for() {
    let data = scratch::folder("alerts").unwrap();
    let dev = Role::new("dev").option("--data", &data).start().await.unwrap();
    let known: Value =
        serde_json::from_slice(&fs::read(data.join("credentials.json")).unwrap()).unwrap();
    let register = http::client()
        .post(format!("{}/control/v1/models", dev.url()))
        .bearer_auth(known["admin_key"].as_str().unwrap())
        .json(&json!({ "name": "nobody" }));
    assert!(register.send().await.unwrap().status().is_success());
    let client = Client::new(http::client(), &dev.url(), known["api_key"].as_str().unwrap());
    let question =
        json!({ "model": "nobody", "messages": [{ "role": "user", "content": "hello" }] });
    // In whose folder the log is has no other clock to compare with.
    let on_nats = Role::new("gateway").option("--nats-url", Server::shared().await.account());
    let on_nats = on_nats.start().await.unwrap();
    let missing = async || {
        // Nobody serves it, which is counted.
        drop(client.ask(&question).await);
        let mut exported = BTreeSet::new();
        for role in [&dev, &on_nats] {
            let scraped =
                http::client().get(format!("{}/metrics", role.url())).send().await.ok()?;
            exported.append(&mut metrics(&scraped.text().await.ok()?));
        }
        let missing: Vec<_> =
            asked_for().into_iter().filter(|name| !exported.contains(name)).collect();
        missing.is_empty().then_some(())
    };
    wait::until_some(PATIENCE, "all metrics to be exported", missing).await.unwrap();
}
