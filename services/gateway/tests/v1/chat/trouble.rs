//! What a client sees when no whole answer can be had.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uplion_domain::{
    Nanos, Timestamp, model,
    request::{Cancelled, Failure, Outcome},
};
use uplion_gateway::{Bounds, Options, Serving, Timeouts};
use uplion_log_transport::stream::StreamName;

use crate::installation::{Installation, body, error, header, streamed};

async fn with_deadline(deadline_ms: u64) -> Installation {
    let deadline = Duration::from_millis(deadline_ms);
    let serving = Serving { deadline, ..Serving::default() };
    let timeouts = Timeouts { serving, headers: Duration::from_millis(200), ..Timeouts::default() };
    Installation::with(Options { timeouts, ..Options::default() }).await
}

#[tokio::test]
async fn nobody_to_serve_it_is_504_at_the_deadline() {
    let installation = with_deadline(100).await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    let id = header(&response, "x-request-id").to_owned();
    assert_eq!(error(response).await, (504, "server_error timeout -".to_owned()));
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Cancelled(Cancelled::Deadline));
}

#[tokio::test]
async fn who_waits_while_the_model_is_retired_is_404_long_before_the_deadline() {
    let installation = Installation::start().await;
    let request = body(&json!({}));
    let (answer, ()) = tokio::join!(installation.chat(&request).send(), async {
        let waiting = async || installation.gauge("uplion_gateway_in_flight") == 1;
        installation.until(waiting).await;
        let retired = model::Event::Retired { at: Timestamp::from_millis(1_000) };
        installation.record(uplion_domain::Event::Model("demo".parse().unwrap(), retired)).await;
    });
    let not_found = (404, "invalid_request_error model_not_found model".to_owned());
    assert_eq!(error(answer.unwrap()).await, not_found);
}

#[tokio::test]
async fn a_stream_that_waited_for_long_ends_with_an_event() {
    let installation = with_deadline(600).await;
    let response = installation.chat(&streamed(&json!({}))).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let stream = response.text().await.unwrap();
    let (comment, event) = stream.split_once("data: ").unwrap();
    assert_eq!(comment, ": keep-alive\n\n");
    let event: Value = serde_json::from_str(event.trim_end()).unwrap();
    assert_eq!(event["error"]["code"], "timeout");
}

#[tokio::test]
async fn an_upstream_that_fails_every_time_is_502_with_its_words_long_before_the_deadline() {
    let installation = Installation::with_worker().await;
    let began = Instant::now();
    let response = installation.chat(&body(&json!({"status": 500}))).send().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let id = header(&response, "x-request-id").to_owned();
    assert_eq!(response.status(), 502);
    assert_eq!(header(&response, "x-should-retry"), "true");
    let words = response.text().await.unwrap();
    assert!(words.contains("the script says 500"), "{words}");
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Failed(Failure::UpstreamFailed));
    assert_eq!(settled.charge, Nanos::ZERO);
    assert_eq!(settled.attempts.len(), 3);
}

#[tokio::test]
async fn an_upstream_that_is_busy_for_longer_than_is_tried_is_429_at_once() {
    let installation = Installation::with_worker().await;
    let began = Instant::now();
    let script = json!({"status": 429, "retry_after_s": 20});
    let response = installation.chat(&body(&script)).send().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(response.status(), 429);
    assert_eq!(header(&response, "retry-after"), "20");
    let words = response.text().await.unwrap();
    assert!(words.contains("the script says 429"), "{words}");
}

#[tokio::test]
async fn an_upstream_that_recovers_in_time_is_never_noticed() {
    let installation = Installation::with_worker().await;
    let failing: uplion_bench::upstream::Script =
        serde_json::from_value(json!({"status": 500})).unwrap();
    installation.server.next(failing);
    let request = json!({"model": "demo", "messages": [{"role": "user", "content": "hello"}]});
    let response = installation.chat(&request).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_stream_that_the_upstream_breaks_off_ends_with_an_error_and_no_end() {
    let installation = Installation::with_worker().await;
    let request = streamed(&json!({"chunks": 10, "cut_after": 3, "pace_ms": 5}));
    let response = installation.chat(&request).send().await.unwrap();
    let id = header(&response, "x-request-id").to_owned();
    let stream = response.text().await.unwrap();
    assert!(stream.contains("\"code\":\"upstream_error\""), "{stream}");
    assert!(!stream.contains("[DONE]"), "{stream}");
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Failed(Failure::UpstreamFailed));
}

#[tokio::test]
async fn an_answer_over_the_limit_is_502() {
    let bounds = Bounds { answer: 10_000, ..Bounds::default() };
    let installation = Installation::with(Options { bounds, ..Options::default() }).await;
    installation.add_worker("demo");
    let request = body(&json!({"chunks": 1000, "chunk_bytes": 100}));
    let response = installation.chat(&request).send().await.unwrap();
    let id = header(&response, "x-request-id").to_owned();
    assert_eq!(error(response).await, (502, "server_error upstream_error -".to_owned()));
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Failed(Failure::AnswerTooLarge));
}

#[tokio::test]
async fn a_whole_answer_for_which_there_is_no_memory_fails_and_a_stream_waits_for_its_reader() {
    let first_window = Bounds::default().stream_window;
    let bounds = Bounds { answers: 300_000, answer: 300_000, first_window, ..Bounds::default() };
    let installation = Installation::with(Options { bounds, ..Options::default() }).await;
    installation.add_worker("demo");
    let request = streamed(&json!({"chunks": 20_000, "chunk_bytes": 20}));
    let slow = installation.reluctant(&request).await;
    installation.until(async || installation.gauge("uplion_gateway_answer_bytes") > 180_000).await;
    let request = body(&json!({"chunks": 2_500, "chunk_bytes": 100}));
    let response = installation.chat(&request).send().await.unwrap();
    assert_eq!(error(response).await, (503, "server_error overloaded -".to_owned()));
    assert_eq!(slow.read_events().await.last().unwrap(), "data: [DONE]");
    installation.until(async || installation.gauge("uplion_gateway_answer_bytes") == 0).await;
    assert_eq!(installation.chat(&request).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_that_reads_slowly_slows_its_own_upstream_and_gets_all() {
    let installation = Installation::with_worker().await;
    let request = streamed(&json!({"chunks": 20_000, "chunk_bytes": 20}));
    let slow = installation.reluctant(&request).await;
    installation.until(async || installation.gauge("uplion_gateway_answer_bytes") > 40_000).await;
    let quick = installation.chat(&streamed(&json!({"chunks": 20}))).send().await.unwrap();
    assert!(quick.text().await.unwrap().ends_with("data: [DONE]\n\n"));
    let held = installation.gauge("uplion_gateway_answer_bytes");
    assert!(held <= Bounds::default().first_window, "{held}");
    let events = slow.read_events().await;
    assert_eq!(events.len(), 20_002);
    assert_eq!(events.last().unwrap(), "data: [DONE]");
}

#[tokio::test]
async fn a_catalog_that_cannot_be_shown_to_be_fresh_admits_nobody() {
    let installation = Installation::start().await;
    installation.log.streams.delete(StreamName::Control).await.unwrap();
    installation.until(async || installation.gateway.ready().is_err()).await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, (503, "server_error unavailable -".to_owned()));
}
