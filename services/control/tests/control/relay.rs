//! How what was committed comes onto the log: by one relay at a time, and never past a database that forgot.

use std::time::Duration;

use prometheus_client::{encoding::text::encode, registry::Registry};
use serde_json::json;
use uplion_domain::{Envelope, Event, EventId, ProjectId, project};
use uplion_log_transport::stream::{Condition, Entry, StreamName};
use uplion_tests::wait;
use uuid::Uuid;

use crate::installation::{Installation, control, now};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn when_the_relay_stops_another_takes_over() {
    let first = Installation::without_projector().await;
    first.project("physics").await;
    let (log, store) = (first.log.clone(), first.store.clone());
    let second = control(PATIENCE, &log, &store);
    let second = Installation::over(log, store, second);
    // Written through the second, relayed by the first.
    second.project("chemistry").await;
    second.control.ready().unwrap();

    first.control.stop().await;
    second.project("biology").await;
    let on_control = second.log.streams.identity(StreamName::Control).await.unwrap();
    assert_eq!(on_control.last, 3);
}

#[tokio::test]
async fn of_two_controls_at_work_each_write_is_on_the_log_once() {
    let first = Installation::without_projector().await;
    let (log, store) = (first.log.clone(), first.store.clone());
    let second = control(PATIENCE, &log, &store);
    let second = Installation::over(log, store, second);
    let writes = (0..20).map(|n| {
        let through = if n % 2 == 0 { &first } else { &second };
        async move { through.project(&format!("project {n}")).await }
    });
    futures::future::join_all(writes).await;

    let on_control = first.log.streams.identity(StreamName::Control).await.unwrap();
    assert_eq!(on_control.last, 20);
    let mut cursor = first.log.streams.read(StreamName::Control, 0).await.unwrap();
    let mut published = Vec::new();
    while published.len() < 20 {
        published.extend(cursor.next(20, PATIENCE).await.unwrap());
    }
    let published = published.into_iter().filter_map(Entry::event).map(|record| record.event.id);
    let committed = first.store.events.after(0, 20).await.unwrap();
    assert!(published.eq(committed.into_iter().map(|stored| stored.event.id)));
}

#[tokio::test]
async fn what_was_recorded_while_the_log_was_away_is_published_when_it_is_back() {
    let installation = Installation::without_streams();
    let recorded = installation.post("/projects", json!({ "name": "physics" })).await;
    assert_eq!(recorded.status, 202, "{recorded:?}");
    wait_until(|| installation.control.ready().is_err()).await;

    installation.make_streams().await;
    wait_until(|| installation.control.ready().is_ok()).await;
    installation.post("/projects", json!({ "name": "chemistry" })).await.made();
    let on_control = installation.log.streams.identity(StreamName::Control).await.unwrap();
    assert_eq!(on_control.last, 2);
}

#[tokio::test]
async fn a_log_that_knows_what_the_database_does_not_halts_the_relay_with_advice() {
    let installation = Installation::without_streams();
    installation.make_streams().await;
    let id = ProjectId::new(Uuid::now_v7());
    let created = project::Event::Created { name: "forgotten".into(), at: now() };
    let event = Envelope {
        id: EventId::fresh(Uuid::now_v7()),
        at: now(),
        traceparent: None,
        actor: None,
        request_id: None,
        event: Event::Project(id, created),
    };
    let subject = event.event.subject();
    let appended = installation.log.streams.append(&subject, event.encode(), Condition::default());
    appended.await.unwrap();

    let recorded = installation.post("/projects", json!({ "name": "physics" })).await;
    assert_eq!(recorded.status, 202, "{recorded:?}");
    wait_until(|| {
        installation.control.ready().is_err_and(|trouble| trouble.contains("uplion log restore"))
    })
    .await;
    let on_control = installation.log.streams.identity(StreamName::Control).await.unwrap();
    assert_eq!(on_control.last, 1);
}

async fn wait_until(so: impl Fn() -> bool) {
    wait::until(wait::PATIENCE, "control to notice", async || so()).await.unwrap();
}

#[tokio::test]
async fn how_far_the_log_is_behind_is_among_the_metrics() {
    let installation = Installation::without_streams();
    let mut registry = Registry::default();
    installation.control.register(&mut registry);
    installation.make_streams().await;
    wait_until(|| installation.control.ready().is_ok()).await;
    installation.log.streams.delete(StreamName::Control).await.unwrap();
    wait_until(|| installation.control.ready().is_err()).await;
    installation.post("/projects", json!({ "name": "physics" })).await;
    let lag = |events: &str| {
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text.contains(&format!("uplion_relay_lag_events {events}\n"))
    };
    wait_until(|| lag("1")).await;
    installation.make_streams().await;
    wait_until(|| lag("0")).await;
}
