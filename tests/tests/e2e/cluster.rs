//! The same on three nats-servers that sync before they acknowledge, as in production.

use futures::future::join_all;
use serde_json::json;
use uplion_bench::upstream::Upstream;
use uplion_tests::installation::{Customer, Installation, Plan, price};

use crate::{direct, streamed};

// Of its own: it is another broker.
#[tokio::test]
async fn on_three_replicas_answers_and_bills_are_the_same() {
    let plan = Plan { workers: 2, replicas: 3, ..Plan::default() };
    let installation = Installation::start(plan).await.unwrap();
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "replicated", &[upstream.url()]).await.unwrap();
    let question = |n: usize| {
        let more = if n.is_multiple_of(2) { json!({}) } else { streamed(&json!({"pace_ms": 5})) };
        customer.question(&format!("number {n}"), &more)
    };
    let asking = (0..50).map(|n| {
        let (client, question) = (customer.at(n), question(n));
        async move { client.ask(&question).await.unwrap() }
    });
    for (n, answer) in join_all(asking).await.into_iter().enumerate() {
        assert!(answer.is_whole(), "{n}: {answer:?}");
        assert_eq!(answer.body, direct(&upstream, &question(n)).await.body, "{n}");
    }
    let ledger = installation.settled().await.unwrap();
    let billed = ledger.billed(Some(&customer.key)).await.unwrap();
    assert_eq!((billed.requests, billed.completion_tokens), (50, 50 * 20));
    assert_eq!(billed.cost_nanos, price(billed.prompt_tokens, billed.completion_tokens));
    let told = installation.command(&["projection", "verify"]).await.unwrap();
    assert!(told.status.success(), "{told:?}");
}
