//! What ends up on the log, and what is charged for it.

use serde_json::json;
use uplion_domain::{
    Nanos, Usage,
    request::{Cancelled, Event, Failure, Outcome, Writer},
};

use crate::installation::{Installation, body, header, streamed};

#[tokio::test]
async fn a_request_is_accepted_assigned_and_settled_in_this_order() {
    let installation = Installation::with_worker().await;
    let answer = installation.chat(&body(&json!({"chunks": 7}))).send().await.unwrap();
    let id = header(&answer, "x-request-id").to_owned();
    answer.bytes().await.unwrap();
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Completed);
    assert_eq!(settled.usage.completion_tokens(), 7);
    assert_eq!(settled.charge, Nanos::new(7));
    assert_eq!(settled.writer, Writer::Gateway(installation.gateway.id()));
    assert!(settled.timings.assigned <= settled.timings.first_chunk);
    let kinds = installation.traffic().await;
    assert!(matches!(kinds[..], [Event::Accepted(_), Event::Assigned(_), Event::Settled(_)]));
}

#[tokio::test]
async fn whoever_saw_the_end_of_an_answer_was_charged_for_it() {
    let installation = Installation::with_worker().await;
    for request in [body(&json!({"chunks": 3})), streamed(&json!({"chunks": 3}))] {
        let answer = installation.chat(&request).send().await.unwrap();
        let id = header(&answer, "x-request-id").to_owned();
        answer.bytes().await.unwrap();
        // No waiting: it is on the log already.
        let on_log = installation.traffic().await.into_iter().find_map(|event| match event {
            Event::Settled(settled) if settled.request.to_string() == id => Some(settled),
            _ => None,
        });
        assert_eq!(on_log.unwrap().charge, Nanos::new(3));
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_pays_for_what_it_got_and_the_upstream_is_let_go() {
    let installation = Installation::with_worker().await;
    let request = streamed(&json!({"chunks": 1000, "pace_ms": 20}));
    let mut answer = installation.chat(&request).send().await.unwrap();
    let id = header(&answer, "x-request-id").to_owned();
    let mut seen = String::new();
    while seen.matches("data: ").count() < 5 {
        seen.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert_eq!(installation.server.running(), 1);
    let left = std::time::Instant::now();
    drop(answer);
    installation.until(async || installation.server.running() == 0).await;
    assert!(left.elapsed().as_millis() < 100, "{:?}", left.elapsed());
    let settled = installation.settled(&id).await;
    assert_eq!(settled.outcome, Outcome::Cancelled(Cancelled::ClientGone));
    let tokens = settled.usage.completion_tokens();
    assert!((3..50).contains(&tokens), "{tokens}");
    assert_eq!(settled.charge, Nanos::new(tokens.into()));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_pays_nothing_and_the_upstream_is_let_go() {
    let installation = Installation::with_worker().await;
    let request = installation.chat(&body(&json!({"delay_ms": 20_000})));
    let waiting = tokio::spawn(request.send());
    installation.until(async || installation.server.running() == 1).await;
    let left = std::time::Instant::now();
    waiting.abort();
    installation.until(async || installation.server.running() == 0).await;
    assert!(left.elapsed().as_millis() < 100, "{:?}", left.elapsed());
    installation.until(async || installation.gateway.in_flight() == 0).await;
    let events = installation.traffic().await;
    let Some(Event::Settled(settled)) = events.last() else { panic!("{events:?}") };
    assert_eq!(settled.outcome, Outcome::Cancelled(Cancelled::ClientGone));
    assert_eq!((&settled.usage, settled.charge), (&Usage::default(), Nanos::ZERO));
}

#[tokio::test]
async fn the_clients_own_mistake_goes_back_unchanged_and_costs_nothing() {
    let installation = Installation::with_worker().await;
    for request in [body(&json!({"status": 400})), streamed(&json!({"status": 400}))] {
        let answer = installation.chat(&request).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let id = header(&answer, "x-request-id").to_owned();
        let direct = format!("{}/chat/completions", installation.server.url());
        let direct = installation.client.post(direct).json(&request).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), direct.text().await.unwrap());
        let settled = installation.settled(&id).await;
        assert_eq!(settled.outcome, Outcome::Failed(Failure::UpstreamRejected { status: 400 }));
        assert_eq!(settled.charge, Nanos::ZERO);
    }
}
