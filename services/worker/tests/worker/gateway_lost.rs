//! Requests whose gateway is gone.

use std::time::Duration;

use serde_json::json;
use uplion_domain::{Event, Usage, request::Settled, usage::Source};
use uplion_log_transport::claim::{Credited, FromGateway, FromWorker, SettleRequest};
use uplion_tests::wait::PATIENCE;

use crate::{
    gateway::{Claim, Gateway, GatewayBehavior, credited, end_of},
    harness::{Harness, MODEL, chat},
};

fn settled(event: &Event) -> Option<Settled> {
    event.as_settled().cloned()
}

/// What a gateway that lives is asked to settle. It says that it is there, as it does every second, until it is asked.
async fn asked(living: &mut Gateway) -> SettleRequest {
    let asked = tokio::time::timeout(PATIENCE, async {
        loop {
            living.beat().await;
            let hearing = living.hear_until(|said| match said {
                FromWorker::Settle(asked) => Some(*asked),
                _ => None,
            });
            if let Ok(asked) = tokio::time::timeout(Duration::from_millis(500), hearing).await {
                return asked;
            }
        }
    });
    asked.await.expect("a living gateway is asked")
}

async fn settled_by(living: &Gateway, claim: Claim) {
    living.say(claim, FromGateway::Settled { claim: claim.id }).await;
}

#[tokio::test]
async fn what_was_delivered_before_the_gateway_was_lost_is_shown_to_one_that_lives() {
    let harness = Harness::start().await;
    let (_running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let mut living = Gateway::listen(&harness.log).await;
    let mock = json!({"hang_after": 4, "pace_ms": 20});
    let offered = gateway.offer(MODEL, chat(json!({"stream": true, "mock": mock}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let end = gateway
        .hear_until(|said| match said {
            FromWorker::Chunk { offset, bytes, .. } => Some(offset + bytes.len() as u64),
            _ => None,
        })
        .await;
    let usage = Usage::tokens(3, 0, 5, 0, Source::Counted);
    let newest = Credited { delivered: end, usage, ..credited(2) };
    gateway.say_credit(claim, end, newest.clone()).await;
    // One that is older, and came late.
    gateway.say_credit(claim, end, credited(1)).await;
    gateway
        .hear_until(|said| matches!(said, FromWorker::Alive { credit: 2, .. }).then_some(()))
        .await;
    drop(gateway);
    let asked = asked(&mut living).await;
    assert_eq!((asked.worker, asked.grant.claim), (claim.worker, claim.id));
    assert_eq!(asked.grant.accepted.read().unwrap(), offered.accepted);
    assert_eq!((asked.credit, asked.whole), (newest, None));
    assert!(asked.attempt.is_some());
    settled_by(&living, claim).await;
    harness.nothing_runs().await;
    harness.queue_is_empty().await;
    let settled: Vec<Settled> = harness.traffic().await.iter().filter_map(settled).collect();
    assert_eq!(settled, [], "a worker writes none");
}

/// Its gateway may live, out of reach from here only, and give out the answer of another worker: this one's settlement
/// would come before it, and the answer be nobody's to pay.
#[tokio::test]
async fn a_worker_of_whose_answer_nothing_was_delivered_leaves_the_settlement_to_others() {
    let harness = Harness::start().await;
    let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    gateway.hear_until(|said| end_of(&said)).await;
    drop(gateway);
    // The ticket goes when all is done that this worker will do.
    harness.queue_is_empty().await;
    running.stop();
    running.stopped().await;
    let settled: Vec<Settled> = harness.traffic().await.iter().filter_map(settled).collect();
    assert_eq!(settled, []);
}

#[tokio::test]
async fn that_its_client_was_refused_an_answer_is_shown_when_its_gateway_is_lost_too() {
    let harness = Harness::start().await;
    let (_running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let mut living = Gateway::listen(&harness.log).await;
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let usage = gateway
        .hear_until(|said| match said {
            FromWorker::Chunk { usage, conclusion: Some(_), .. }
            | FromWorker::Finish { usage, .. } => Some(usage),
            _ => None,
        })
        .await;
    gateway.refuse(claim, 1).await;
    drop(gateway);
    let first = asked(&mut living).await;
    assert!(first.credit.refused);
    assert_eq!(first.whole, Some(usage));
    // Nobody said that it is settled: it is asked for again.
    assert_eq!(asked(&mut living).await, first);
    settled_by(&living, claim).await;
    harness.queue_is_empty().await;
}
