//! Workers that stop.

use std::time::Duration;

use serde_json::json;
use uplion_domain::{Event, worker};
use uplion_log_transport::claim::{End, FromGateway, FromWorker, ReleaseReason};
use uplion_tests::wait;
use uplion_worker::Options;

use crate::{
    gateway::{Gateway, GatewayBehavior, end_of},
    harness::{Harness, MODEL, chat, model},
};

async fn has_stopped(harness: &Harness) -> bool {
    let is_stop = |event: &Event| matches!(event, Event::Worker(worker::Event::Stopped { .. }));
    harness.traffic().await.iter().any(is_stop)
}

#[tokio::test]
async fn a_stopping_worker_finishes_what_it_has_and_takes_no_more() {
    let harness = Harness::start().await;
    let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered =
        gateway.offer(MODEL, chat(json!({"stream": true, "mock": {"pace_ms": 30}}))).await;
    let claim = gateway.claimed().await;
    running.stop();
    let stopping = async || running.worker.ready().is_err();
    wait::until(wait::PATIENCE, "the worker to stop", stopping).await.unwrap();
    gateway.offer(MODEL, chat(json!({}))).await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let end = gateway.hear_until(|said| match said {
        FromWorker::Claim { claim: other, .. } => panic!("{other} is claimed by a stopping worker"),
        said => end_of(&said),
    });
    assert_eq!(end.await, (claim.id, End::Complete));
    gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
    running.stopped().await;
    assert!(has_stopped(&harness).await);
    assert_eq!(harness.depth().await, 1);
}

#[tokio::test]
async fn what_takes_too_long_is_handed_back() {
    let harness = Harness::start().await;
    let own = Options::own(model(MODEL), harness.upstream());
    let running = harness.start_worker(Options { drain: Duration::from_millis(300), ..own }).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    let offered = gateway.offer(MODEL, chat(json!({"mock": {"delay_ms": 60_000}}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    harness.something_runs().await;
    running.stop();
    let reason = gateway.hear_until(|said| match said {
        FromWorker::Release { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason.await, ReleaseReason::Draining);
    running.stopped().await;
    harness.nothing_runs().await;

    let _other = harness.worker().await;
    let again = gateway.claimed().await;
    assert_eq!(again.request, offered.request);
}
