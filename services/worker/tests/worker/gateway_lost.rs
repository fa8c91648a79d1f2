//! Requests whose gateway is gone.

use serde_json::json;
use uplion_domain::{
    Event, Nanos, Unit,
    request::{Cancelled, Failure, Outcome, Settled, Settlement, Timings, Writer},
};
use uplion_log_transport::claim::FromWorker;

use crate::{
    gateway::{Gateway, GatewayBehavior, attempt_of, end_of},
    harness::{Harness, MODEL, chat},
};

fn settled(event: &Event) -> Option<Settled> {
    event.as_settled().cloned()
}

#[tokio::test]
async fn what_was_delivered_before_the_gateway_was_lost_is_charged() {
    let harness = Harness::start().await;
    let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let mock = json!({"hang_after": 4, "pace_ms": 20});
    let offered = gateway.offer(MODEL, chat(json!({"stream": true, "mock": mock}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let (mut ends, mut usages) = (vec![], vec![]);
    while ends.len() < 3 {
        let (end, usage) = gateway
            .hear_until(|said| match said {
                FromWorker::Chunk { offset, bytes, usage, .. } => {
                    Some((offset + bytes.len() as u64, usage))
                }
                _ => None,
            })
            .await;
        ends.push(end);
        usages.push(usage);
    }
    // The second chunk was delivered whole, the third but for a byte.
    gateway.credit(claim, 1, ends[2], ends[2] - 1).await;
    drop(gateway);
    let settled = harness.event("the settlement", settled).await;
    assert_eq!(settled.outcome, Outcome::Cancelled(Cancelled::GatewayLost));
    assert_eq!(settled.writer, Writer::Worker(running.worker.id()));
    assert_eq!(settled.usage, usages[1].clone().with(Unit::REQUESTS, 1));
    assert_eq!(settled.charge, settled.rates.charge(&usages[1]));
    assert!(settled.charge > Nanos::ZERO);
    assert!(settled.charge.get() > 0);
    harness.nothing_runs().await;
    harness.queue_is_empty().await;
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
async fn an_answer_that_its_client_was_refused_is_not_charged_when_its_gateway_is_lost_too() {
    let harness = Harness::start().await;
    let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let (usage, service_tier) = gateway
        .hear_until(|said| {
            let tier = attempt_of(&said).and_then(|attempt| attempt.service_tier);
            match said {
                FromWorker::Chunk { usage, conclusion: Some(_), .. }
                | FromWorker::Finish { usage, .. } => Some((usage, tier)),
                _ => None,
            }
        })
        .await;
    gateway.refuse(claim, 1).await;
    drop(gateway);
    let reversed = harness.event("the reversal", |event| event.as_reversed().cloned()).await;
    let settled: Vec<Settled> = harness.traffic().await.iter().filter_map(settled).collect();
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].outcome, Outcome::Failed(Failure::Unrecorded));
    assert_eq!(settled[0].writer, Writer::Worker(running.worker.id()));
    assert_eq!(settled[0].charge, Nanos::ZERO);
    let completed = offered.accepted.settle(Settlement {
        outcome: Outcome::Completed,
        delivered: usage,
        service_tier,
        timings: Timings::default(),
        worker: None,
        attempts: vec![],
        writer: Writer::Gateway(offered.accepted.gateway),
        at: offered.accepted.at,
    });
    assert!(completed.charge > Nanos::ZERO);
    assert_eq!(reversed, completed.reverse(reversed.at), "what its gateway would have charged");
    harness.queue_is_empty().await;
}
