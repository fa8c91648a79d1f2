//! Workers that stop.

use std::time::Duration;

use serde_json::json;
use uplion_domain::{Event, worker};
use uplion_log_transport::claim::{End, FromGateway, FromWorker, ReleaseReason};
use uplion_tests::wait;
use uplion_worker::Options;

use crate::{
    gateway::{Gateway, Manner, end_of},
    stage::{MODEL, Stage, chat, model},
};

async fn has_stopped(stage: &Stage) -> bool {
    let is_stop = |event: &Event| matches!(event, Event::Worker(worker::Event::Stopped { .. }));
    stage.traffic().await.iter().any(is_stop)
}

#[tokio::test]
async fn a_stopping_worker_finishes_what_it_has_and_takes_no_more() {
    let stage = Stage::set().await;
    let (running, mut gateway) = (stage.worker().await, Gateway::listen(&stage.log).await);
    let asked = gateway.offer(MODEL, chat(json!({"stream": true, "mock": {"pace_ms": 30}}))).await;
    let claim = gateway.claimed().await;
    running.stop();
    let stopping = async || !running.worker.ready();
    wait::until(wait::PATIENCE, "the worker to stop", stopping).await.unwrap();
    gateway.offer(MODEL, chat(json!({}))).await;
    gateway.go(claim, &asked, &Manner::default()).await;
    let end = gateway.hear_until(|said| match said {
        FromWorker::Claim { claim: other, .. } => panic!("{other} is claimed by a stopping worker"),
        said => end_of(&said),
    });
    assert_eq!(end.await, (claim.id, End::Complete));
    gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
    running.stopped().await;
    assert!(has_stopped(&stage).await);
    assert_eq!(stage.depth().await, 1);
}

#[tokio::test]
async fn what_takes_too_long_is_handed_back() {
    let stage = Stage::set().await;
    let own = Options::own(model(MODEL), stage.upstream());
    let running = stage.start(Options { drain: Duration::from_millis(300), ..own }).await;
    let mut gateway = Gateway::listen(&stage.log).await;
    let asked = gateway.offer(MODEL, chat(json!({"mock": {"delay_ms": 60_000}}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &asked, &Manner::default()).await;
    stage.something_runs().await;
    running.stop();
    let reason = gateway.hear_until(|said| match said {
        FromWorker::Release { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason.await, ReleaseReason::Draining);
    running.stopped().await;
    stage.nothing_runs().await;

    let _other = stage.worker().await;
    let again = gateway.claimed().await;
    assert_eq!(again.request, asked.request);
}
