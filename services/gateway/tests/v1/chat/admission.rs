//! Who is not let in, and what they are told.

use std::time::Duration;

use serde_json::json;
use uplion_domain::{Event, KeyId, Timestamp, api_key};
use uplion_gateway::{Bounds, Options, Serving, Timeouts};
use uplion_log_transport::stream::StreamName;
use uuid::Uuid;

use crate::installation::{DEMO_KEY, Installation, body, error, header};

#[tokio::test]
async fn nobody_is_served_without_a_valid_key() {
    let installation = Installation::start().await;
    let url = format!("{}/v1/chat/completions", installation.base);
    let request = || installation.client.post(&url).json(&body(&json!({})));
    let rejected = (401, "invalid_request_error invalid_api_key -".to_owned());
    assert_eq!(error(request().send().await.unwrap()).await, rejected);
    assert_eq!(error(request().bearer_auth("sk-other").send().await.unwrap()).await, rejected);
    let basic = request().basic_auth("sk-test", None::<&str>);
    assert_eq!(error(basic.send().await.unwrap()).await, rejected);
    assert_eq!(installation.traffic().await, [], "a rejection costs no I/O");
}

#[tokio::test]
async fn a_rejected_client_hears_why_however_much_it_had_to_say() {
    let installation = Installation::start().await;
    let url = format!("{}/v1/chat/completions", installation.base);
    let mut request = body(&json!({}));
    request["messages"][0]["content"] = "x".repeat(20 << 20).into();
    let rejected =
        installation.client.post(url).bearer_auth("sk-other").json(&request).send().await;
    let said = "invalid_request_error invalid_api_key -".to_owned();
    assert_eq!(error(rejected.unwrap()).await, (401, said));
}

#[tokio::test]
async fn a_revoked_key_is_no_key() {
    let installation = Installation::start().await;
    let at = Timestamp::from_millis(1);
    let key = KeyId::new(Uuid::from_u128(1));
    installation.record(Event::ApiKey(key, api_key::Event::Revoked { at })).await;
    installation.until(async || installation.get("/v1/models").await.status() == 401).await;
}

#[tokio::test]
async fn a_model_that_is_not_there_and_one_that_is_not_for_this_key_look_the_same() {
    let installation = Installation::start().await;
    let not_found = (404, "invalid_request_error model_not_found model".to_owned());
    let mut request = body(&json!({}));
    request["model"] = "nothing".into();
    assert_eq!(error(installation.chat(&request).send().await.unwrap()).await, not_found);
    request["model"] = "org/model".into();
    let url = format!("{}/v1/chat/completions", installation.base);
    let limited = installation.client.post(url).bearer_auth(DEMO_KEY).json(&request);
    assert_eq!(error(limited.send().await.unwrap()).await, not_found);
}

#[tokio::test]
async fn a_body_that_cannot_be_served_says_why() {
    let installation = Installation::start().await;
    for (body, said) in [
        ("", "invalid_request_error invalid_json -"),
        ("{", "invalid_request_error invalid_json -"),
        ("[]", "invalid_request_error invalid_json -"),
        ("{}", "invalid_request_error missing_required_parameter model"),
        (r#"{"model":7}"#, "invalid_request_error invalid_type model"),
        (r#"{"model":"demo","stream":"yes"}"#, "invalid_request_error invalid_type stream"),
        (r#"{"model":"demo","n":0}"#, "invalid_request_error invalid_value n"),
    ] {
        let request = installation.chat(&json!(null)).body(body);
        assert_eq!(error(request.send().await.unwrap()).await, (400, said.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_not_read() {
    let installation = Installation::start().await;
    let url = format!("{}/v1/chat/completions", installation.base);
    let request = installation.client.post(url).bearer_auth("sk-test").body("<chat/>");
    let response = request.header("content-type", "application/xml").send().await.unwrap();
    let said = "invalid_request_error unsupported_media_type -";
    assert_eq!(error(response).await, (415, said.to_owned()));
}

#[tokio::test]
async fn a_body_over_the_bound_is_rejected_announced_or_not() {
    let bounds = Bounds { body: 1_000, ..Bounds::default() };
    let installation = Installation::with(Options { bounds, ..Options::default() }).await;
    let said = (413, "invalid_request_error payload_too_large -".to_owned());
    let mut request = body(&json!({}));
    request["messages"][0]["content"] = "x".repeat(2_000).into();
    assert_eq!(error(installation.chat(&request).send().await.unwrap()).await, said);
    let parts = (0..20).map(|_| Ok::<_, std::io::Error>("x".repeat(100)));
    let stream = reqwest::Body::wrap_stream(futures::stream::iter(parts));
    assert_eq!(error(installation.chat(&request).body(stream).send().await.unwrap()).await, said);
}

#[tokio::test]
async fn bodies_over_the_bound_of_all_together_are_asked_to_come_later() {
    let bounds = Bounds { body: 3_000, bodies: 3_000, ..Bounds::default() };
    let installation = Installation::with(Options { bounds, ..Options::default() }).await;
    let mut request = body(&json!({}));
    request["messages"][0]["content"] = "x".repeat(2_000).into();
    let waiting = tokio::spawn(installation.chat(&request).send());
    installation.until(async || installation.gateway.in_flight() == 1).await;
    let response = installation.chat(&request).send().await.unwrap();
    assert_eq!(
        (header(&response, "retry-after"), header(&response, "x-should-retry")),
        ("1", "true")
    );
    assert_eq!(error(response).await, (503, "server_error overloaded -".to_owned()));
    waiting.abort();
    installation.until(async || installation.gateway.in_flight() == 0).await;
    let waiting = tokio::spawn(installation.chat(&request).send());
    installation.until(async || installation.gateway.in_flight() == 1).await;
    waiting.abort();
}

#[tokio::test]
async fn only_so_many_requests_are_in_flight() {
    let bounds = Bounds { in_flight: 1, ..Bounds::default() };
    let installation = Installation::with(Options { bounds, ..Options::default() }).await;
    let waiting = tokio::spawn(installation.chat(&body(&json!({}))).send());
    installation.until(async || installation.gateway.in_flight() == 1).await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, (503, "server_error overloaded -".to_owned()));
    waiting.abort();
}

#[tokio::test]
async fn a_models_full_queue_is_answered_429() {
    let mut options = Options::default();
    options.tasks.most_per_model = 1;
    let installation = Installation::with(options).await;
    let waiting = tokio::spawn(installation.chat(&body(&json!({}))).send());
    let demo = "demo".parse().unwrap();
    let class = uplion_domain::request::Class::Interactive;
    let depth = async || installation.log.tasks.depth(&demo, class).await.unwrap() == 1;
    installation.until(depth).await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(header(&response, "retry-after"), "1");
    assert_eq!(error(response).await, (429, "rate_limit_error queue_full -".to_owned()));
    waiting.abort();
}

#[tokio::test]
async fn a_nearly_full_log_stops_admission() {
    let mut options = Options::default();
    options.bounds.traffic_percent = 1;
    let serving = Serving { deadline: Duration::from_millis(50), ..Serving::default() };
    options.timeouts = Timeouts { serving, ..Timeouts::default() };
    let traffic = options.streams.iter_mut().find(|stream| stream.name == StreamName::Traffic);
    traffic.unwrap().max_bytes = 20_000;
    let installation = Installation::with(options).await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, (504, "server_error timeout -".to_owned()));
    installation.until(async || installation.gateway.ready().is_err()).await;
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, (503, "server_error unavailable -".to_owned()));
}

#[tokio::test]
async fn a_gateway_that_leaves_finishes_what_it_has_and_takes_no_more() {
    let installation = Installation::start().await;
    let waiting = tokio::spawn(installation.chat(&body(&json!({}))).send());
    installation.until(async || installation.gateway.in_flight() == 1).await;
    let gateway = std::sync::Arc::clone(&installation.gateway);
    let draining = tokio::spawn(async move { gateway.drain(Duration::from_millis(100)).await });
    installation.until(async || installation.gateway.ready().is_err()).await;
    let said = (503, "server_error unavailable -".to_owned());
    let response = installation.chat(&body(&json!({}))).send().await.unwrap();
    assert_eq!(error(response).await, said);
    assert_eq!(error(waiting.await.unwrap().unwrap()).await, said);
    draining.await.unwrap();
    assert_eq!(installation.gateway.in_flight(), 0);
}
