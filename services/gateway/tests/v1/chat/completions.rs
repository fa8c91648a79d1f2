//! Answers, streamed and whole: those of the upstream, unchanged.

use serde_json::{Value, json};

use crate::installation::{Installation, body, header, streamed};

#[tokio::test]
async fn an_answer_is_the_upstreams_own() {
    let installation = Installation::with_worker().await;
    let request = body(&json!({"chunks": 5}));
    let direct = format!("{}/chat/completions", installation.server.url());
    let direct = installation.client.post(direct).json(&request).send().await.unwrap();
    for path in ["/v1/chat/completions", "/api/v1/chat/completions"] {
        let url = format!("{}{path}", installation.base);
        let answer = installation.client.post(url).bearer_auth("sk-test").json(&request);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-type"), header(&direct, "content-type"));
        assert!(header(&answer, "x-request-id").starts_with("req_"));
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["usage"]["completion_tokens"], 5);
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }
}

#[tokio::test]
async fn a_stream_is_the_upstreams_own_without_the_usage_that_nobody_asked_for() {
    let installation = Installation::with_worker().await;
    let request = streamed(&json!({"chunks": 20}));
    let direct = format!("{}/chat/completions", installation.server.url());
    let direct = installation.client.post(direct).json(&request).send().await.unwrap();
    let direct = direct.text().await.unwrap();
    let answer = installation.chat(&request).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "content-type").starts_with("text/event-stream"));
    assert_eq!(texts(&answer.text().await.unwrap()), texts(&direct));
}

#[tokio::test]
async fn a_stream_with_usage_is_passed_on_with_it() {
    let installation = Installation::with_worker().await;
    let mut request = streamed(&json!({"chunks": 3}));
    request["stream_options"] = json!({"include_usage": true});
    let answer = installation.chat(&request).send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("\"completion_tokens\":3"), "{answer}");
    assert!(answer.ends_with("data: [DONE]\n\n"), "{answer}");
}

#[tokio::test]
async fn an_alias_is_served_under_the_models_own_name() {
    let installation = Installation::with_worker().await;
    let mut request = body(&json!({"chunks": 1}));
    request["model"] = "alias".into();
    let answer = installation.chat(&request).send().await.unwrap();
    let id = header(&answer, "x-request-id").to_owned();
    assert_eq!(answer.status(), 200);
    assert_eq!(installation.settled(&id).await.model.as_str(), "demo");
}

#[tokio::test]
async fn a_body_of_twenty_mebibytes_arrives_whole() {
    let installation = Installation::with_worker().await;
    let mut request = body(&json!({"chunks": 1}));
    request["messages"][0]["content"] = "x ".repeat(10 << 20).into();
    let answer = installation.chat(&request).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["usage"]["completion_tokens"], 1);
}

#[tokio::test]
async fn two_hundred_streams_at_once_are_all_whole() {
    let installation = Installation::with_worker().await;
    let asking = (0..200).map(|number| {
        let mut request = streamed(&json!({"chunks": 20, "pace_ms": 5}));
        request["messages"][0]["content"] = format!("number {number}").into();
        let request = installation.chat(&request);
        async move { request.send().await.unwrap().text().await.unwrap() }
    });
    for answer in futures::future::join_all(asking).await {
        assert!(answer.ends_with("data: [DONE]\n\n"), "{answer}");
        assert_eq!(texts(&answer).len(), 22, "{answer}");
    }
    installation.until(async || installation.gateway.in_flight() == 0).await;
}

/// What the chunks add, without the ids and times that differ from answer to answer.
fn texts(stream: &str) -> Vec<String> {
    let events = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let chunks = events.map(|event| match serde_json::from_str::<Value>(event) {
        Ok(chunk) => chunk["choices"].to_string(),
        Err(_) => event.to_owned(),
    });
    chunks.collect()
}
