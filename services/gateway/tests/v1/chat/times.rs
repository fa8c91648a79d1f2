//! Which of a model's times ended a request is told.

use serde_json::{Value, json};
use uplion_domain::{
    model::ServingTerms,
    request::{Cancelled, Failure, Outcome},
};

use super::unserved::with_terms;
use crate::installation::{Installation, body, error, header, streamed};

const SILENT: &str = "server_error upstream_timeout -";

async fn served_on(terms: ServingTerms) -> Installation {
    let installation = Installation::with_worker().await;
    with_terms(&installation, terms).await;
    installation
}

#[tokio::test]
async fn a_deadline_is_told_apart_from_silence() {
    let terms = ServingTerms { deadline_s: Some(1), ..ServingTerms::default() };
    let installation = served_on(terms).await;
    let response = installation.chat(&body(&json!({ "delay_ms": 5_000 }))).send().await.unwrap();
    let id = header(&response, "x-request-id").to_owned();
    assert_eq!(error(response).await, (504, "server_error timeout -".to_owned()));
    let outcome = installation.settled(&id).await.outcome;
    assert_eq!(outcome, Outcome::Cancelled(Cancelled::Deadline));
}

#[tokio::test]
async fn an_upstream_that_does_not_begin_in_time_is_504_with_that_time() {
    let terms = ServingTerms { first_byte_s: Some(1), ..ServingTerms::default() };
    let installation = served_on(terms).await;
    let mock = json!({ "delay_ms": 8_000 });
    let response = installation.chat(&streamed(&mock)).send().await.unwrap();
    let id = header(&response, "x-request-id").to_owned();
    assert_eq!(error(response).await, (504, SILENT.to_owned()));
    let outcome = installation.settled(&id).await.outcome;
    assert_eq!(outcome, Outcome::Failed(Failure::UpstreamSilent));
}

#[tokio::test]
async fn a_stream_whose_upstream_falls_silent_ends_with_that_time() {
    let terms = ServingTerms { between_chunks_s: Some(1), ..ServingTerms::default() };
    let installation = served_on(terms).await;
    let response = installation.chat(&streamed(&json!({ "hang_after": 2 }))).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let id = header(&response, "x-request-id").to_owned();
    let stream = response.text().await.unwrap();
    let last = stream.trim_end().rsplit("data: ").next().unwrap();
    let event: Value = serde_json::from_str(last).unwrap();
    assert_eq!(event["error"]["code"], "upstream_timeout");
    let said = event["error"]["message"].as_str().unwrap();
    assert!(said.contains("said nothing for 1 s"), "{said}");
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Failed(Failure::UpstreamSilent));
    assert_eq!(settled.charge.get(), 0);
}
