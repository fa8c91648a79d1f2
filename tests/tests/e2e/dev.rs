//! `uplion dev`: one process and a folder, ready at the first start, the same after a kill.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};
use uplion_bench::upstream::Upstream;
use uplion_domain::Nanos;
use uplion_tests::{
    chat::Client,
    http, scratch,
    uplion::{self, Role},
};

use crate::{direct, streamed};

fn credentials(data: &Path) -> Value {
    serde_json::from_slice(&fs::read(data.join("credentials.json")).unwrap()).unwrap()
}

fn client(credentials: &Value) -> Client {
    let base = credentials["base_url"].as_str().unwrap().strip_suffix("/v1").unwrap();
    Client::new(http::client(), base, credentials["api_key"].as_str().unwrap())
}

async fn usage(data: &Path) -> Vec<Value> {
    let told =
        uplion::run(&["usage", "--json", "--data", data.to_str().unwrap()], &[]).await.unwrap();
    assert!(told.status.success(), "{told:?}");
    serde_json::from_str(&told.stdout).unwrap()
}

fn total(lines: &[Value], column: &str) -> u64 {
    lines.iter().map(|line| line[column].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn it_answers_at_its_first_start_and_bills_through_a_kill() {
    let upstream = Upstream::start().await.unwrap();
    let data = scratch::folder("dev").unwrap().join("data");
    let dev = Role::new("dev").option("--data", &data).option("--upstream", upstream.url());
    let dev = dev.start().await.unwrap();
    let mode = fs::metadata(data.join("credentials.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = credentials(&data);
    let client = client(&first);
    assert_eq!(client.models().await.unwrap(), ["demo", "mock"]);
    for (n, more) in [json!({}), streamed(&json!({}))].iter().enumerate() {
        let mut question =
            json!({"model": "mock", "messages": [{"role": "user", "content": "hello"}]});
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = client.ask(&question).await.unwrap();
        assert!(answer.is_whole(), "{answer:?}");
        assert_eq!(answer.body, direct(&upstream, &question).await.body, "{n}");
    }
    let demo = json!({"model": "demo", "messages": [{"role": "user", "content": "hello"}]});
    assert!(client.ask(&demo).await.unwrap().is_whole());
    let before = usage(&data).await;
    assert_eq!(total(&before, "requests"), 3);
    let cost: Nanos =
        before.iter().map(|line| line["cost"].as_str().unwrap().parse::<Nanos>().unwrap()).sum();
    assert_ne!(cost, Nanos::ZERO, "the demonstration model has a price");

    dev.kill();
    dev.restart().await.unwrap();
    assert_eq!(credentials(&data), first);
    assert!(client.ask(&demo).await.unwrap().is_whole(), "the key still works");
    assert_eq!(total(&usage(&data).await, "requests"), 4);
    dev.terminate().await.unwrap();
    let verify = ["projection", "verify", "--data", data.to_str().unwrap()];
    let told = uplion::run(&verify, &[]).await.unwrap();
    assert!(told.status.success(), "{told:?}");
}

#[tokio::test]
async fn requests_under_way_at_a_kill_are_settled_after_it() {
    let upstream = Upstream::start().await.unwrap();
    let data = scratch::folder("dev").unwrap().join("data");
    let dev = Role::new("dev").option("--data", &data).option("--upstream", upstream.url());
    let dev = dev.start().await.unwrap();
    let client = client(&credentials(&data));
    let question = json!({
        "model": "mock", "stream": true, "mock": {"hang_after": 3},
        "messages": [{"role": "user", "content": "hello"}],
    });
    let mut answer = client.send(&question).await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    dev.kill();
    assert!(!uplion_tests::chat::ChatResponse::read(answer).await.is_whole());
    dev.restart().await.unwrap();
    let whole = json!({"model": "mock", "messages": [{"role": "user", "content": "again"}]});
    assert!(client.ask(&whole).await.unwrap().is_whole());
    assert_eq!(total(&usage(&data).await, "completed"), 1);
}

#[tokio::test]
async fn a_busy_port_and_a_folder_in_use_are_named() {
    let data = scratch::folder("dev").unwrap();
    let dev = Role::new("dev").option("--data", data.join("first")).start().await.unwrap();
    let listen = dev.url().strip_prefix("http://").unwrap().to_owned();
    let second = data.join("second");
    let busy = ["dev", "--listen", &listen, "--data", second.to_str().unwrap()];
    let told = uplion::run(&busy, &[]).await.unwrap();
    assert!(!told.status.success());
    assert!(told.stderr.contains(&listen) && told.stderr.contains("--listen"), "{told:?}");
    let first = data.join("first");
    let locked = ["dev", "--listen", "127.0.0.1:0", "--data", first.to_str().unwrap()];
    let told = uplion::run(&locked, &[]).await.unwrap();
    assert!(!told.status.success());
    assert!(told.stderr.contains(first.to_str().unwrap()), "{told:?}");
}
