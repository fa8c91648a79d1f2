//! What a worker tells of its call to an upstream: which it was, what came of it, and what a provider's bill calls it.

use serde_json::{Value, json};
use uplion_bench::upstream::Script;
use uplion_domain::{request::AttemptOutcome, usage::Source};
use uplion_log_transport::claim::{AttemptReport, FromGateway};

use crate::{
    gateway::{Gateway, GatewayBehavior, attempt_of},
    harness::{Harness, MODEL, chat},
};

async fn attempt(gateway: &mut Gateway, more: Value) -> AttemptReport {
    let offered = gateway.offer(MODEL, chat(more)).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let attempt = gateway.hear_until(|said| attempt_of(&said)).await;
    gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
    attempt
}

#[tokio::test]
async fn a_whole_answer_is_an_attempt_with_its_usage_and_its_name_at_the_upstream() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    for stream in [false, true] {
        let attempt = attempt(&mut gateway, json!({"stream": stream})).await;
        assert_eq!(attempt.outcome, AttemptOutcome::COMPLETED);
        assert_eq!(attempt.upstream, Some(harness.upstream().id()));
        let usage = attempt.usage.unwrap();
        assert_eq!((usage.completion_tokens(), usage.source), (20, Source::Reported));
        let id = attempt.upstream_request_id.unwrap();
        assert!(id.starts_with("chatcmpl-"), "{id}");
    }
}

#[tokio::test]
async fn what_the_upstream_did_not_report_is_not_told_as_its_own() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let attempt = attempt(&mut gateway, json!({"mock": {"no_usage": true}})).await;
    assert_eq!((attempt.outcome, attempt.usage), (AttemptOutcome::COMPLETED, None));
}

#[tokio::test]
async fn an_attempt_says_how_it_failed() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let broken = attempt(&mut gateway, json!({"stream": true, "mock": {"cut_after": 2}})).await;
    assert_eq!(broken.outcome, AttemptOutcome::BROKEN);
    let rejected = attempt(&mut gateway, json!({"mock": {"status": 422}})).await;
    assert_eq!(rejected.outcome, AttemptOutcome::REJECTED);
    for (status, outcome) in [(503, AttemptOutcome::FAILED), (429, AttemptOutcome::BUSY)] {
        harness.upstream.next(Script { status, ..Script::default() });
        let attempt = attempt(&mut gateway, json!({})).await;
        assert_eq!(attempt.outcome, outcome);
        assert_eq!(attempt.upstream, Some(harness.upstream().id()));
        // The task was handed back: whoever takes it now is told that nobody needs it.
        let again = gateway.claimed().await;
        gateway.say(again, FromGateway::Drop { claim: again.id }).await;
    }
}
