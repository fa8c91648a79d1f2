//! Where a write comes from and why it is made: noted beside its events, never in them.

use std::time::Duration;

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::wire::Encoded;
use uplion_log_store::people::Notes;
use uplion_log_transport::stream::StreamName;

use crate::installation::{Installation, request, with_json};

/// CONTROL's newest event, and what is noted beside it.
async fn newest(installation: &Installation) -> (Encoded, Notes) {
    let control = installation.log.streams.identity(StreamName::Control).await.unwrap();
    let mut cursor =
        installation.log.streams.read(StreamName::Control, control.last - 1).await.unwrap();
    let event = cursor.next(1, Duration::from_secs(10)).await.unwrap().remove(0);
    let event = event.event().expect("it is one of ours").event;
    let mut notes = installation.store.people.notes(std::slice::from_ref(&event.id)).await.unwrap();
    let notes = notes.remove(&event.id).unwrap_or_default();
    (event, notes)
}

#[tokio::test]
async fn the_reason_of_a_write_is_noted_and_its_call_is_named_by_its_events() {
    let installation = Installation::without_projector().await;
    let create = request(Method::POST, "/projects")
        .header("Uplion-Reason", "the physicists asked, canary")
        .header("User-Agent", "curl/8 canary")
        .header("X-Request-Id", "build-7");
    let created = installation.send(with_json(create, &json!({ "name": "physics" }))).await;
    created.made();
    assert_eq!(created.header("x-request-id"), "build-7");

    let (event, notes) = newest(&installation).await;
    assert_eq!(event.request_id.as_deref(), Some("build-7"));
    assert_eq!(event.actor.as_deref(), Some("admin"));
    assert!(!format!("{event:?}{:?}", String::from_utf8_lossy(&event.payload)).contains("canary"));
    assert_eq!(notes.reason.as_deref(), Some("the physicists asked, canary"));
    assert_eq!(notes.user_agent.as_deref(), Some("curl/8 canary"));
}

#[tokio::test]
async fn every_answer_names_its_call_also_one_that_fails() {
    let installation = Installation::without_projector().await;
    let project = installation.project("physics").await;
    let ids = [
        installation.get(&format!("/projects/{project}")).await,
        installation.get("/projects/unknown").await,
        installation.get("/nothing").await,
        installation.post("/projects", Value::Null).await,
    ]
    .map(|answer| answer.header("x-request-id").to_owned());
    assert!(ids.iter().all(|id| id.len() == 32), "{ids:?}");
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
    let (event, notes) = newest(&installation).await;
    assert_eq!(event.request_id.unwrap().len(), 32);
    assert_eq!(notes.reason, None);
}

#[tokio::test]
async fn a_reason_that_is_too_long_is_refused_and_nothing_is_done() {
    let installation = Installation::without_projector().await;
    let create = request(Method::POST, "/projects").header("Uplion-Reason", "x".repeat(501));
    let refused = installation.send(with_json(create, &json!({ "name": "physics" }))).await;
    refused.problem(400, "malformed");
    assert_eq!(installation.store.events.head().await.unwrap(), 0);
}
