//! The mock upstream does what its scripts say, and remembers it.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uplion_bench::upstream::{End, Script, Upstream};
use uplion_tests::{http, wait};

async fn post(upstream: &Upstream, extra: Value) -> reqwest::Response {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let url = format!("{}/chat/completions", upstream.url());
    http::client().post(url).body(body.to_string()).send().await.unwrap()
}

/// The contents of a stream's chunks, and whether it said `[DONE]`.
fn read_stream(text: &str) -> (String, bool) {
    let data: Vec<&str> =
        text.split("\n\n").filter_map(|frame| frame.strip_prefix("data: ")).collect();
    let contents = data.iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let contents = contents.filter_map(|chunk| {
        chunk["choices"][0]["delta"]["content"].as_str().map(ToOwned::to_owned)
    });
    (contents.collect(), data.last() == Some(&"[DONE]"))
}

#[tokio::test]
async fn streamed_or_not_the_text_is_the_same() {
    let upstream = Upstream::start().await.unwrap();
    let whole: Value =
        serde_json::from_slice(&post(&upstream, json!({})).await.bytes().await.unwrap()).unwrap();
    let mock = json!({"split_bytes": 7, "keepalive_comments": true});
    let stream = post(&upstream, json!({"stream": true, "mock": mock})).await.text().await.unwrap();
    let (text, done) = read_stream(&stream);
    assert_eq!(whole["choices"][0]["message"]["content"], text.as_str());
    assert_eq!(whole["usage"]["completion_tokens"], 20);
    assert!(done);
    assert_eq!(stream.matches(": keep-alive").count(), 20);
}

#[tokio::test]
async fn a_queued_script_is_for_one_request_and_the_default_for_the_rest() {
    let upstream = Upstream::start().await.unwrap();
    upstream.next(Script { status: 429, retry_after_s: Some(3), ..Script::default() });
    upstream.set_default(Script { chunks: 1, ..Script::default() });
    let limited = post(&upstream, json!({})).await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "3");
    let body: Value = serde_json::from_slice(&limited.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["message"], "the script says 429");
    assert_eq!(post(&upstream, json!({})).await.status(), 200);
    let ends: Vec<End> = upstream.deliveries().iter().map(|delivery| delivery.end).collect();
    assert_eq!(ends, [End::Error(429), End::Complete]);
    assert_eq!(upstream.totals().chunks, 1);
}

#[tokio::test]
async fn a_cut_stream_breaks_and_a_cut_answer_too() {
    let upstream = Upstream::start().await.unwrap();
    for stream in [true, false] {
        let asked = json!({"stream": stream, "mock": {"cut_after": 2}, "user": "cut"});
        assert!(post(&upstream, asked).await.text().await.is_err(), "stream: {stream}");
    }
    let ends: Vec<End> = upstream.deliveries_of("cut").iter().map(|cut| cut.end).collect();
    assert_eq!(ends, [End::Cut, End::Cut]);
}

#[tokio::test]
async fn a_client_that_goes_is_noticed_at_once() {
    let upstream = Upstream::start().await.unwrap();
    // Before the head, between head and first chunk, and in the middle of a stream.
    for mock in [json!({"delay_ms": 60_000}), json!({"hang_after": 0}), json!({"hang_after": 3})] {
        let asked = json!({"stream": true, "mock": mock.clone(), "user": mock.to_string()});
        let asking = post(&upstream, asked);
        let answer = tokio::time::timeout(Duration::from_millis(200), asking).await;
        assert_eq!(upstream.running(), 1);
        let left = Instant::now();
        drop(answer);
        wait::until(wait::PATIENCE, "the call's end", async || upstream.running() == 0)
            .await
            .unwrap();
        let [delivery] = &upstream.deliveries_of(&mock.to_string())[..] else { panic!("one") };
        assert_eq!(delivery.end, End::ClosedByClient);
        let late = delivery.ended.duration_since(left);
        assert!(late < Duration::from_millis(50), "{mock}: noticed after {late:?}");
    }
}

#[tokio::test]
async fn chunks_come_one_by_one_at_their_pace() {
    let upstream = Upstream::start().await.unwrap();
    let mock = json!({"chunks": 4, "pace_ms": 50});
    let mut answer = post(&upstream, json!({"stream": true, "mock": mock})).await;
    let mut arrivals = Vec::new();
    while answer.chunk().await.unwrap().is_some() {
        arrivals.push(Instant::now());
    }
    let first_to_fourth = arrivals[3].duration_since(arrivals[0]);
    assert!(first_to_fourth >= Duration::from_millis(140), "{first_to_fourth:?}");
}
