//! Requests whose gateway is gone.

use serde_json::json;
use uplion_domain::{
    Event, Nanos, Unit,
    request::{Cancelled, Outcome, Settled, Writer},
};
use uplion_log_transport::claim::FromWorker;

use crate::{
    gateway::{Gateway, GatewayBehavior, end_of},
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

#[tokio::test]
async fn nothing_delivered_is_nothing_charged_when_the_gateway_is_lost() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    gateway.hear_until(|said| end_of(&said)).await;
    drop(gateway);
    let settled = harness.event("the settlement", settled).await;
    assert_eq!(settled.outcome, Outcome::Cancelled(Cancelled::GatewayLost));
    assert_eq!((settled.charge.get(), settled.usage.prompt_tokens()), (0, 0));
    harness.queue_is_empty().await;
}
