//! What a client sees while nobody serves its model.

use std::time::{Duration, Instant};

use serde_json::json;
use uplion_domain::{
    Event, Timestamp,
    model::{self, ServingTerms},
    request::{Failure, Outcome},
};
use uplion_log_transport::message::Messages;

use crate::installation::{Installation, body, error, header};

const UNAVAILABLE: &str = "server_error model_unavailable model";
const PROMPTLY: Duration = Duration::from_millis(500);

async fn settled_presence(installation: &Installation) {
    // Whoever asks while nothing is known waits until something is.
    let first = installation.chat(&body(&json!({}))).send().await.expect("an answer");
    assert_eq!(error(first).await, (503, UNAVAILABLE.to_owned()));
}

pub async fn with_terms(installation: &Installation, terms: ServingTerms) {
    let changed = model::Event::TermsChanged { terms, at: Timestamp::from_millis(0) };
    let after = installation.record(Event::Model("demo".parse().expect("a name"), changed)).await;
    // The catalog tells in order: what comes after it is known only when it is.
    let marker = model::Event::AliasesChanged {
        aliases: [format!("marker-{after}").parse().expect("a name")].into(),
        at: Timestamp::from_millis(0),
    };
    installation.record(Event::Model("org/model".parse().expect("a name"), marker)).await;
    let path = format!("/v1/models/marker-{after}");
    installation.until(async || installation.get(&path).await.status() == 200).await;
}

#[tokio::test]
async fn a_model_that_nobody_serves_is_503_within_two_seconds_and_at_once_when_that_is_known() {
    let installation = Installation::start().await;
    let asked = Instant::now();
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert!(asked.elapsed() < Duration::from_millis(2_500), "{:?}", asked.elapsed());
    assert_eq!(header(&response, "retry-after"), "2");
    let id = header(&response, "x-request-id").to_owned();
    assert_eq!(error(response).await, (503, UNAVAILABLE.to_owned()));
    let outcome = installation.settled(&id).await.outcome;
    assert_eq!(outcome, Outcome::Failed(Failure::ModelUnavailable));

    let asked = Instant::now();
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert!(asked.elapsed() < PROMPTLY, "{:?}", asked.elapsed());
    let text = response.text().await.unwrap();
    assert!(text.contains("`demo`") && text.contains("no server is registered"), "{text}");
}

#[tokio::test]
async fn a_model_is_served_again_as_soon_as_a_worker_is_there() {
    let installation = Installation::start().await;
    settled_presence(&installation).await;
    installation.add_worker("demo");
    let served = async || {
        let response = installation.chat(&body(&json!({}))).send().await.unwrap();
        response.status() == 200
    };
    let began = Instant::now();
    installation.until(served).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_waits_is_told_when_the_last_worker_is_gone() {
    let installation = Installation::with_worker().await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(response.status(), 200);
    installation.stop_workers();
    // Nobody takes its ticket: the worker has stopped, and is there no more a little later.
    let began = Instant::now();
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, (503, UNAVAILABLE.to_owned()));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_model_whose_requests_wait_for_a_worker_is_served_when_one_comes() {
    let installation = Installation::start().await;
    settled_presence(&installation).await;
    let terms = ServingTerms { wait_for_worker_s: Some(60), ..ServingTerms::default() };
    with_terms(&installation, terms).await;
    let waiting = tokio::spawn(installation.chat(&body(&json!({}))).send());
    installation.until(async || installation.gauge("uplion_gateway_in_flight") == 1).await;
    installation.add_worker("demo");
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_model_whose_requests_wait_for_a_worker_that_never_comes_is_503_then() {
    let installation = Installation::start().await;
    settled_presence(&installation).await;
    let terms = ServingTerms { wait_for_worker_s: Some(1), ..ServingTerms::default() };
    with_terms(&installation, terms).await;
    let began = Instant::now();
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, (503, UNAVAILABLE.to_owned()));
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nobody_believes_a_beat_that_cannot_be_read() {
    let installation = Installation::start().await;
    let worker = uplion_domain::WorkerId::new(uuid::Uuid::from_u128(7));
    let subject =
        uplion_domain::subject::Subject::Presence(uplion_domain::subject::Present::Worker(worker));
    for _ in 0..5 {
        Messages::send(&*installation.log.messages, &subject, "{}".into()).await.unwrap();
    }
    settled_presence(&installation).await;
    assert_eq!(installation.gauge("uplion_gateway_presence_ignored"), 5);
}
