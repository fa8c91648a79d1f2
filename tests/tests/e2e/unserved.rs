//! Models that nobody serves: whoever asks is told within moments, and served again as soon as somebody does.

use std::time::{Duration, Instant};

use serde_json::json;
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    installation::{Customer, Installation, Plan},
    wait,
};

const UNAVAILABLE: &str = "503 server_error model_unavailable model";
const AT_ONCE: Duration = Duration::from_millis(700);
/// What is promised: a worker that listens no more is noticed after the beat that it misses.
const SOON: Duration = Duration::from_secs(2);
/// Three beats and what a loaded machine takes beside.
const WITHIN: Duration = Duration::from_secs(5);

async fn start() -> Installation {
    Installation::start(Plan { gateways: 1, workers: 1, ..Plan::default() }).await.unwrap()
}

async fn refusal(customer: &Customer) -> (String, Duration) {
    let began = Instant::now();
    let answer = customer.at(0).ask(&customer.question("?", &json!({}))).await.unwrap();
    (answer.refusal(), began.elapsed())
}

async fn is_served(customer: &Customer) -> bool {
    let answer = customer.at(0).ask(&customer.question("?", &json!({}))).await;
    answer.is_ok_and(|answer| answer.is_whole())
}

// Of its own: it kills the worker.
#[tokio::test]
async fn a_model_whose_worker_was_killed_is_503_within_moments_and_served_when_it_is_back() {
    let (installation, upstream) = (start().await, Upstream::start().await.unwrap());
    let customer = Customer::new(&installation, "lonely", &[upstream.url()]).await.unwrap();
    assert!(is_served(&customer).await);

    installation.workers[0].kill();
    // This one waits: nobody knows yet.
    let (first, waited) = refusal(&customer).await;
    assert_eq!(first, UNAVAILABLE);
    assert!(waited < SOON, "{waited:?}");
    let (then, waited) = refusal(&customer).await;
    assert_eq!(then, UNAVAILABLE);
    assert!(waited < AT_ONCE, "{waited:?}");

    installation.workers[0].restart().await.unwrap();
    wait::until(WITHIN, "it to be served again", async || is_served(&customer).await)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_model_whose_servers_cannot_be_reached_is_503_and_served_when_one_can() {
    let installation = start().await;
    let nowhere = "http://127.0.0.1:9/v1".to_owned();
    let customer = Customer::new(&installation, "dead", &[nowhere]).await.unwrap();
    wait::until(WITHIN, "it to be told at once", async || {
        let (refusal, waited) = refusal(&customer).await;
        refusal == UNAVAILABLE && waited < AT_ONCE
    })
    .await
    .unwrap();
    let workers = installation.admin().get("workers", &[]).await.unwrap();
    let upstreams = workers["data"][0]["presence"]["upstreams"].as_array().unwrap();
    let told = upstreams.iter().find(|one| one["model"] == *customer.model).unwrap();
    assert_eq!(told["health"], "down", "{workers}");
    assert!(told["reason"].as_str().unwrap().contains("cannot be reached"), "{told}");

    let upstream = Upstream::start().await.unwrap();
    let added = json!({ "url": upstream.url() });
    let path = format!("models/{}/upstreams", customer.model);
    installation.admin().post(&path, &added).await.unwrap();
    wait::until(WITHIN, "it to be served", async || is_served(&customer).await).await.unwrap();
}
