//! Upstreams that fail, hang, break off, are busy, are dead, or do not count.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uplion_bench::upstream::{Script, Upstream};
use uplion_tests::{
    installation::{Customer, Installation, Plan},
    port::Port,
    wait,
};

use crate::{customer, streamed};

const DEADLINE: Duration = Duration::from_secs(3);

/// Of its own: a request that nobody can answer ends at the deadline, and five minutes are too long for a test.
async fn hasty(name: &str) -> (&'static Installation, Upstream, Customer) {
    static HASTY: OnceCell<Installation> = OnceCell::const_new();
    let plan = Plan { gateways: 1, workers: 1, deadline: DEADLINE, ..Plan::default() };
    let started = async || Installation::start(plan).await.unwrap();
    let installation = HASTY.get_or_init(started).await;
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(installation, name, &[upstream.url()]).await.unwrap();
    (installation, upstream, customer)
}

fn script(script: Value) -> Script {
    serde_json::from_value(script).unwrap()
}

/// How a request ended that no upstream answers, for the client and on the bill.
async fn fails(name: &str, more: &Value) -> (String, String) {
    let (installation, _upstream, customer) = hasty(name).await;
    let began = Instant::now();
    let answer = customer.ask("x", more).await.unwrap();
    assert!(began.elapsed() < DEADLINE + Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(!answer.is_whole(), "{answer:?}");
    let ledger = installation.settled().await.unwrap();
    let settled = ledger.settlement(&answer.request).await.unwrap();
    assert_eq!(settled.charge_nanos, 0, "{settled:?}");
    (answer.refusal(), format!("{} {}", settled.outcome, settled.why.unwrap_or_default()))
}

fn refusal_and_outcome(refusal: &str, outcome: &str) -> (String, String) {
    (refusal.to_owned(), outcome.to_owned())
}

#[tokio::test]
async fn an_upstream_that_hangs_is_504_at_the_deadline() {
    let ended = fails("hanging", &json!({"mock": {"hang_after": 0}})).await;
    assert_eq!(ended, refusal_and_outcome("504 server_error timeout -", "cancelled deadline"));
}

#[tokio::test]
async fn an_upstream_that_fails_every_time_is_502_with_its_own_words() {
    let ended = fails("failing", &json!({"mock": {"status": 500}})).await;
    assert_eq!(ended, refusal_and_outcome("502 server_error - -", "failed upstream_failed"));
}

#[tokio::test]
async fn an_upstream_that_is_busy_every_time_is_429_with_its_own_words() {
    let (refusal, outcome) = fails("busy", &json!({"mock": {"status": 429}})).await;
    assert!(refusal.starts_with("429 "), "{refusal}");
    assert!(outcome.starts_with("failed "), "{outcome}");
}

#[tokio::test]
async fn a_stream_that_hangs_is_charged_for_what_came_and_ends_with_an_error() {
    let (installation, upstream, customer) = hasty("stuck").await;
    let answer = customer.ask("x", &streamed(&json!({"hang_after": 4}))).await.unwrap();
    assert_eq!(answer.error()["code"], "timeout", "{answer:?}");
    assert_eq!(answer.pieces().len(), 4);
    assert!(!answer.body.contains("[DONE]"));
    wait::until(wait::PATIENCE, "the call's end", async || upstream.running() == 0).await.unwrap();
    let ledger = installation.settled().await.unwrap();
    let settled = ledger.settlement(&answer.request).await.unwrap();
    let end = (settled.outcome.as_str(), settled.why.as_deref());
    assert_eq!(end, ("cancelled", Some("deadline")));
    assert!(settled.prompt_tokens > 0 && settled.completion_tokens > 0, "{settled:?}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_an_error_and_costs_nothing() {
    let (installation, _upstream, customer) = customer("cut").await;
    let more = streamed(&json!({"cut_after": 3, "pace_ms": 5}));
    let answer = customer.ask("x", &more).await.unwrap();
    assert_eq!(answer.error()["code"], "upstream_error", "{answer:?}");
    assert_eq!(answer.pieces().len(), 3);
    let ledger = installation.settled().await.unwrap();
    let settled = ledger.settlement(&answer.request).await.unwrap();
    assert_eq!((settled.outcome.as_str(), settled.charge_nanos), ("failed", 0));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_502_at_once_and_costs_nothing() {
    let (installation, _upstream, customer) = customer("half-said").await;
    let answer = customer.ask("x", &json!({"mock": {"cut_after": 3}})).await.unwrap();
    assert_eq!(answer.refusal(), "502 server_error upstream_error -");
    let ledger = installation.settled().await.unwrap();
    let settled = ledger.settlement(&answer.request).await.unwrap();
    assert_eq!((settled.outcome.as_str(), settled.charge_nanos), ("failed", 0));
}

#[tokio::test]
async fn trouble_that_passes_is_never_noticed() {
    let (_, upstream, customer) = customer("passing").await;
    for trouble in
        [json!({"status": 500}), json!({"status": 503}), json!({"status": 429, "retry_after_s": 1})]
    {
        upstream.next(script(trouble.clone()));
        let answer = customer.ask("x", &json!({})).await.unwrap();
        assert!(answer.is_whole(), "{trouble}: {answer:?}");
    }
}

#[tokio::test]
async fn what_an_upstream_does_not_count_is_counted() {
    let (installation, _upstream, customer) = customer("uncounted").await;
    for more in [
        json!({"mock": {"no_usage": true, "chunks": 30}}),
        streamed(&json!({"no_usage": true, "chunks": 30})),
    ] {
        let answer = customer.ask("one two three four five", &more).await.unwrap();
        assert!(answer.is_whole(), "{answer:?}");
        let ledger = installation.settled().await.unwrap();
        let settled = ledger.settlement(&answer.request).await.unwrap();
        assert_eq!(settled.outcome, "completed");
        assert!((5..60).contains(&settled.prompt_tokens), "{settled:?}");
        assert!((20..200).contains(&settled.completion_tokens), "{settled:?}");
    }
}

#[tokio::test]
async fn of_two_upstreams_one_may_be_dead() {
    let installation = Installation::shared().await;
    let alive = Upstream::start().await.unwrap();
    // Nobody listens there, and nobody will.
    let nobody = Port::reserve().unwrap();
    let dead = format!("http://127.0.0.1:{}/v1", nobody.number());
    let customer = Customer::new(installation, "half", &[dead, alive.url()]).await.unwrap();
    let asking = (0..40).map(|n| {
        let (client, question) = (customer.at(n), customer.question(&format!("{n}"), &json!({})));
        async move { client.ask(&question).await.unwrap() }
    });
    let began = Instant::now();
    for answer in join_all(asking).await {
        assert!(answer.is_whole(), "{answer:?}");
    }
    eprintln!(
        "40 requests to a model with a dead upstream beside one that lives: {:?}",
        began.elapsed()
    );
    assert_eq!(alive.totals().complete, 40);
}
