//! Answers that arrive, and what they are billed.

use serde_json::{Value, json};
use uplion_domain::{Usage, usage::Source};
use uplion_log_transport::claim::{End, FromGateway, FromWorker};

use crate::{
    gateway::{Gateway, GatewayBehavior, end_of},
    harness::{Harness, MODEL, chat},
};

fn contents(stream: &str) -> String {
    let data = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let chunks = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    chunks
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_whole_answer_is_the_upstreams_own_with_its_usage() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({"user": "whole"}))).await;
    let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
    assert_eq!(answered.end, End::Complete);
    let head = answered.head.as_ref().unwrap();
    assert_eq!((head.status, head.content_type.as_str()), (200, "application/json"));
    let body: Value = serde_json::from_slice(&answered.bytes).unwrap();
    assert_eq!(body["model"], "upstream-model");
    assert_eq!(body["usage"]["completion_tokens"], answered.usage.completion_tokens());
    assert_eq!((answered.usage.completion_tokens(), answered.usage.source), (20, Source::Reported));
    harness.queue_is_empty().await;
    let [delivery] = &harness.upstream.deliveries_of("whole")[..] else { panic!("one call") };
    assert_eq!(u64::from(delivery.prompt_tokens), answered.usage.prompt_tokens());
}

#[tokio::test]
async fn a_stream_is_the_upstreams_own_but_for_usage_that_nobody_asked_for() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    for (wanted, mock) in [
        (false, json!({"split_bytes": 7, "keepalive_comments": true})),
        (true, json!({"pace_ms": 2})),
        (false, json!({"no_done": true})),
    ] {
        let options = json!({"include_usage": wanted});
        let body = chat(json!({"stream": true, "stream_options": options, "mock": mock}));
        let offered = gateway.offer(MODEL, body).await;
        let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
        let text = answered.text();
        assert_eq!(answered.end, End::Complete);
        assert!(answered.head.as_ref().unwrap().content_type.starts_with("text/event-stream"));
        assert_eq!(text.contains("\"usage\":{"), wanted, "{text}");
        assert!(!text.contains(": keep-alive"), "{text}");
        assert!(contents(text).contains(" 19"), "{text}");
        assert!(text.ends_with("data: [DONE]\n\n"), "whoever says it: {text}");
        assert_eq!(
            (answered.usage.completion_tokens(), answered.usage.source),
            (20, Source::Reported)
        );
    }
}

#[tokio::test]
async fn what_the_upstream_does_not_report_is_counted_chunk_by_chunk() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let mock = json!({"no_usage": true, "pace_ms": 5, "chunks": 6});
    let offered = gateway.offer(MODEL, chat(json!({"stream": true, "mock": mock}))).await;
    let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
    assert!(answered.running.len() > 3, "paced chunks come one by one");
    assert!(answered.running.iter().all(|usage| usage.prompt_tokens() == 2));
    assert!(answered.running.is_sorted_by_key(Usage::completion_tokens));
    assert!(answered.running[0].completion_tokens() > 0);
    assert_eq!(answered.running.last(), Some(&answered.usage));
    assert_eq!(answered.usage.source, Source::Counted);

    let offered = gateway.offer(MODEL, chat(json!({"mock": {"no_usage": true}}))).await;
    let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
    assert_eq!((answered.usage.prompt_tokens(), answered.usage.source), (2, Source::Counted));
    assert!(answered.usage.completion_tokens() > 20);
}

#[tokio::test]
async fn a_large_body_is_fetched_in_parts_and_a_large_answer_sent_in_parts() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let filler = "x".repeat(300_000);
    let mock = json!({"chunks": 40, "chunk_bytes": 10_000});
    let offered = gateway.offer(MODEL, chat(json!({"filler": filler, "mock": mock}))).await;
    let behavior = GatewayBehavior { body_part: 70_000, ..GatewayBehavior::default() };
    let answered = gateway.ask(&offered, behavior).await;
    assert_eq!(answered.end, End::Complete);
    assert!(answered.bytes.len() > 400_000);
    serde_json::from_slice::<Value>(&answered.bytes).unwrap();
    assert!(answered.arrivals > 4);
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_too_large() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({"mock": {"chunk_bytes": 1000}}))).await;
    let answered = gateway
        .ask(&offered, GatewayBehavior { window: 5_000, ..GatewayBehavior::default() })
        .await;
    assert_eq!((answered.end, answered.bytes.len()), (End::TooLarge, 0));
}

#[tokio::test]
async fn an_answer_exactly_as_large_as_the_limit_arrives() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let length = gateway.ask(&offered, GatewayBehavior::default()).await.bytes.len();
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    // Not streamed, nothing is delivered before the end.
    let behavior =
        GatewayBehavior { window: length as u64, delivers: false, ..GatewayBehavior::default() };
    let answered = gateway.ask(&offered, behavior).await;
    assert_eq!((answered.end, answered.bytes.len()), (End::Complete, length));
}

#[tokio::test]
async fn lost_chunks_are_sent_again_in_their_place() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway
        .offer(MODEL, chat(json!({"stream": true, "mock": {"pace_ms": 1, "chunk_bytes": 1}})))
        .await;
    let behavior = GatewayBehavior { lost: vec![0, 3, 4, 25], ..GatewayBehavior::default() };
    let answered = gateway.ask(&offered, behavior).await;
    assert_eq!(answered.end, End::Complete);
    let text = contents(answered.text());
    assert_eq!(
        text.split(' ').skip(1).collect::<Vec<_>>(),
        (1..20).map(|n| n.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn the_end_is_said_until_it_is_settled() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    for _ in 0..3 {
        gateway.hear_until(|said| end_of(&said)).await;
        assert_eq!(harness.depth().await, 1);
    }
    gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
    harness.queue_is_empty().await;
}

#[tokio::test]
async fn a_slow_client_slows_its_own_upstream_call_and_no_other() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let mock = json!({"chunks": 6_000, "chunk_bytes": 4_000});
    let offered =
        gateway.offer(MODEL, chat(json!({"stream": true, "mock": mock, "user": "slow"}))).await;
    let slow = gateway.claimed().await;
    let window = 100_000;
    gateway.go(slow, &offered, &GatewayBehavior { window, ..GatewayBehavior::default() }).await;
    let mut sent = 0;
    while sent < window - 70_000 {
        sent += gateway
            .hear_until(|said| match said {
                FromWorker::Chunk { bytes, .. } => Some(bytes.len() as u64),
                _ => None,
            })
            .await;
    }
    let other = gateway.offer(MODEL, chat(json!({"user": "other"}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &other, &GatewayBehavior::default()).await;
    let finished = gateway.hear_until(|said| match said {
        FromWorker::Chunk { claim, bytes, .. } if claim == slow.id => {
            sent += bytes.len() as u64;
            None
        }
        said => end_of(&said),
    });
    assert_eq!(finished.await, (claim.id, End::Complete));
    assert!(sent <= window);
    assert_eq!(harness.upstream.deliveries_of("slow").len(), 0, "it waits for its client");
}
