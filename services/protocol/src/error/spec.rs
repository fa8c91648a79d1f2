//! What SDKs get to see of each error.

use serde_json::json;

use super::*;
use crate::{Dialect, Endpoint, endpoint::Progress, sse};

fn all() -> Vec<ApiError> {
    vec![
        ApiError::MissingApiKey,
        ApiError::InvalidApiKey { fault: KeyFault::Unknown },
        ApiError::InvalidApiKey { fault: KeyFault::Revoked },
        ApiError::InvalidApiKey { fault: KeyFault::Replaced },
        ApiError::InvalidApiKey { fault: KeyFault::Disabled },
        ApiError::InvalidApiKey { fault: KeyFault::Expired },
        ApiError::InvalidApiKey { fault: KeyFault::ProjectClosed },
        ApiError::InvalidApiKey { fault: KeyFault::ProjectSuspended },
        ApiError::ModelNotFound { model: "gpt-9".into() },
        Endpoint::ChatCompletions.read(b"{}").unwrap_err().into(),
        Endpoint::ChatCompletions.read(b"{").unwrap_err().into(),
        ApiError::RouteNotFound { method: "GET".into(), path: "/v2".into() },
        ApiError::MethodNotAllowed { method: "PUT".into(), path: "/v1/models".into() },
        ApiError::UnsupportedMediaType,
        ApiError::EncodedBody { coding: "gzip".into() },
        ApiError::PayloadTooLarge { max_bytes: 20 },
        ApiError::RateLimited { retry_after_s: 3 },
        ApiError::QueueFull { model: "m".into(), retry_after_s: 2 },
        ApiError::Overloaded { retry_after_s: 1 },
        ApiError::Unavailable { reason: "the log is full", retry_after_s: 5 },
        ApiError::ModelUnavailable {
            model: "gpt-9".into(),
            reason: "its server cannot be reached",
            retry_after_s: 5,
        },
        ApiError::Timeout,
        ApiError::DeadlineExceeded { after_s: 600 },
        ApiError::UpstreamSilent { silence: Silence::FirstByte, after_s: 60 },
        ApiError::UpstreamSilent { silence: Silence::BetweenChunks, after_s: 120 },
        ApiError::UpstreamFailed { reason: "connection \"reset\"".into() },
        ApiError::Internal,
    ]
}

#[test]
fn each_error_has_its_status_code_and_class() {
    let table: Vec<String> = all()
        .iter()
        .map(|error| {
            let (status, code, kind) = (error.status(), error.code(), openai::kind(error));
            let wait = error.retry_after_s().map_or(String::new(), |s| format!(" after {s} s"));
            let retry = if error.may_retry() { "retry" } else { "no retry" };
            format!("{status} {code} {kind} {retry}{wait}: {error}")
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r#"
    401 invalid_api_key invalid_request_error no retry: no API key was given; send it as `Authorization: Bearer KEY`
    401 invalid_api_key invalid_request_error no retry: the API key is unknown; check that it was copied whole
    401 invalid_api_key invalid_request_error no retry: the API key is revoked for good; ask for another one
    401 invalid_api_key invalid_request_error no retry: the API key was rotated, and this secret is no longer served; use the new one
    401 invalid_api_key invalid_request_error no retry: the API key is disabled; ask for it to be enabled
    401 invalid_api_key invalid_request_error no retry: the API key has expired; ask for more time or for another one
    401 invalid_api_key invalid_request_error no retry: the API key belongs to a project that is closed; ask for one of another
    401 invalid_api_key invalid_request_error no retry: the API key belongs to a project that is suspended; ask why
    404 model_not_found invalid_request_error no retry: the model `gpt-9` does not exist or you do not have access to it
    400 missing_required_parameter invalid_request_error no retry: missing required parameter: 'model'
    400 invalid_json invalid_request_error no retry: the body is not valid JSON: no string where one belongs at byte 1
    404 unknown_url invalid_request_error no retry: unknown URL: GET /v2
    405 method_not_supported invalid_request_error no retry: PUT is not allowed on /v1/models
    415 unsupported_media_type invalid_request_error no retry: the body must be of the type application/json
    415 unsupported_content_encoding invalid_request_error no retry: the body is sent as it is, without a Content-Encoding: gzip is not read here
    413 payload_too_large invalid_request_error no retry: the body is longer than 20 bytes
    429 rate_limit_exceeded rate_limit_error retry after 3 s: too many requests; try again in 3 s
    429 queue_full rate_limit_error retry after 2 s: too many requests wait for the model `m`; try again in 2 s
    503 overloaded server_error retry after 1 s: the service is overloaded; try again in 1 s
    503 unavailable server_error retry after 5 s: the service is not ready: the log is full
    503 model_unavailable server_error retry after 5 s: the model `gpt-9` is not available: its server cannot be reached
    504 timeout server_error retry: the request did not arrive within its time
    504 timeout server_error retry: the request did not finish within its deadline of 600 s
    504 upstream_timeout server_error retry: the model's server did not begin to answer within 60 s
    504 upstream_timeout server_error retry: the model's server began to answer and then said nothing for 120 s
    502 upstream_error server_error retry: the model's server failed: connection "reset"
    500 internal_error server_error no retry: the server had an error while processing your request
    "#);
}

#[test]
fn the_body_is_what_the_sdks_read() {
    let error = ApiError::ModelNotFound { model: "gpt-9".into() };
    let body: serde_json::Value = serde_json::from_slice(&Dialect::OpenAi.error(&error)).unwrap();
    let expected = json!({"error": {
        "message": "the model `gpt-9` does not exist or you do not have access to it",
        "type": "invalid_request_error", "param": "model", "code": "model_not_found",
    }});
    assert_eq!(body, expected);
    let body: serde_json::Value =
        serde_json::from_slice(&Dialect::OpenAi.error(&ApiError::Internal)).unwrap();
    assert!(body["error"]["param"].is_null());
}

#[test]
fn on_a_stream_an_error_is_one_event_that_reads_as_an_error() {
    for error in all() {
        let event = Dialect::OpenAi.error_event(&error);
        let events: Vec<_> = sse::events(&event).collect();
        let [sse::Event { payload: sse::Payload::Data(json), .. }] = events.as_slice() else {
            panic!("{error} is not one event")
        };
        let mut reader = Endpoint::ChatCompletions.answer_reader(1);
        let Progress::Failed(said) = reader.event(json).unwrap().progress else {
            panic!("{error} is no error")
        };
        assert_eq!(said.message, error.to_string());
    }
}

#[test]
fn a_retry_is_only_asked_for_where_sdks_would_try_one() {
    for error in all().into_iter().filter(ApiError::may_retry) {
        assert!(error.status() == 429 || error.status() >= 500, "{error}");
    }
    assert!(all().iter().all(|error| error.retry_after_s().is_none() || error.may_retry()));
}

#[test]
fn an_endless_name_is_not_sent_back() {
    let error = ApiError::ModelNotFound { model: "é".repeat(1_000_000) };
    assert!(Dialect::OpenAi.error(&error).len() < 500);
}

#[test]
fn an_error_is_spelled_as_the_other_sdks_read_it() {
    let table: Vec<String> = all()
        .iter()
        .map(|error| {
            let body: serde_json::Value =
                serde_json::from_slice(&Dialect::Anthropic.error(error)).unwrap();
            assert_eq!(
                (&body["type"], &body["error"]["message"]),
                (&json!("error"), &json!(error.to_string()))
            );
            format!("{} {}", error.status(), body["error"]["type"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r#"
    401 authentication_error
    401 authentication_error
    401 authentication_error
    401 authentication_error
    401 authentication_error
    401 authentication_error
    401 authentication_error
    401 authentication_error
    404 not_found_error
    400 invalid_request_error
    400 invalid_request_error
    404 not_found_error
    405 invalid_request_error
    415 invalid_request_error
    415 invalid_request_error
    413 request_too_large
    429 rate_limit_error
    429 rate_limit_error
    503 overloaded_error
    503 overloaded_error
    503 overloaded_error
    504 timeout_error
    504 timeout_error
    504 timeout_error
    504 timeout_error
    502 api_error
    500 api_error
    "#);
    let event = Dialect::Anthropic.error_event(&ApiError::Timeout);
    assert!(event.starts_with(b"event: error\ndata: {"));
}
