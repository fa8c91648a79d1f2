//! An upstream that says nothing for longer than it may.

use std::time::Duration;

use serde_json::{Value, json};
use uplion_domain::request::AttemptOutcome;
use uplion_log_transport::claim::{End, FromGateway, FromWorker, ReleaseReason};

use crate::{
    gateway::{Gateway, GatewayBehavior},
    harness::{Harness, MODEL, chat},
};

const SOON: Duration = Duration::from_millis(300);

/// How it ended: as it was released, or as its answer ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Released(ReleaseReason),
    Answer(End),
}

async fn ended(gateway: &mut Gateway, body: Value, behavior: GatewayBehavior) -> Ended {
    let offered = gateway.offer(MODEL, chat(body)).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &behavior).await;
    let ended = gateway
        .hear_until(|said| match said {
            FromWorker::Release { reason, attempt, .. } => {
                assert_eq!(attempt.unwrap().outcome, AttemptOutcome::FAILED);
                Some(Ended::Released(reason))
            }
            FromWorker::Finish { conclusion, .. } => Some(Ended::Answer(conclusion.end)),
            FromWorker::Chunk { conclusion, .. } => {
                conclusion.map(|conclusion| Ended::Answer(conclusion.end))
            }
            FromWorker::Claim { .. }
            | FromWorker::BodyRequest { .. }
            | FromWorker::AreYouThere { .. }
            | FromWorker::Settle(_)
            | FromWorker::Alive { .. } => None,
        })
        .await;
    gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
    ended
}

fn first_byte() -> GatewayBehavior {
    GatewayBehavior { first_byte: Some(SOON), ..GatewayBehavior::default() }
}

fn between_chunks() -> GatewayBehavior {
    GatewayBehavior { between_chunks: Some(SOON), ..GatewayBehavior::default() }
}

#[tokio::test]
async fn who_does_not_begin_in_time_is_a_failed_attempt() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let late = json!({ "stream": true, "mock": { "delay_ms": 3_000 } });
    let timed_out = Ended::Released(ReleaseReason::TimedOut);
    assert_eq!(ended(&mut gateway, late, first_byte()).await, timed_out);
}

#[tokio::test]
async fn who_begins_and_then_says_nothing_has_failed() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let silent = json!({ "stream": true, "mock": { "hang_after": 2 } });
    let end = Ended::Answer(End::Silent);
    assert_eq!(ended(&mut gateway, silent, between_chunks()).await, end);
    let begun = json!({ "stream": true, "mock": { "hang_after": 0 } });
    let released = Ended::Released(ReleaseReason::TimedOut);
    assert_eq!(ended(&mut gateway, begun, between_chunks()).await, released, "nothing was shown");
}

#[tokio::test]
async fn who_lives_is_not_cut_off() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let whole = || Ended::Answer(End::Complete);
    // All of it takes longer than it may say nothing.
    let slow = json!({ "stream": true, "mock": { "chunks": 8, "pace_ms": 100 } });
    assert_eq!(ended(&mut gateway, slow, between_chunks()).await, whole());
    // And so does its first byte, which has a time of its own.
    let late = json!({ "stream": true, "mock": { "delay_ms": 600 } });
    assert_eq!(ended(&mut gateway, late, between_chunks()).await, whole());
}
