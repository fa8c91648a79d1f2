//! Serving what is registered, as it changes.

use std::collections::BTreeSet;

use serde_json::json;
use uplion_domain::{
    Envelope, Event, EventId, Timestamp,
    model::{self, Credential, Upstream},
    worker::{self, FailureReason},
};
use uplion_log_transport::{claim::End, stream::Condition};
use uplion_worker::Options;
use uuid::Uuid;

use crate::{
    gateway::{Gateway, Manner},
    stage::{Stage, chat, model},
};

const AT: Timestamp = Timestamp::from_micros(1);

async fn happen(stage: &Stage, name: &str, event: model::Event) {
    let event = Event::Model(model(name), event);
    let (subject, id) = (event.subject(), EventId::fresh(Uuid::now_v7()));
    let envelope = Envelope { id, at: AT, traceparent: None, actor: None, request_id: None, event };
    stage.log.streams.append(&subject, envelope.encode(), Condition::default()).await.unwrap();
}

async fn register(stage: &Stage, name: &str, upstreams: Vec<Upstream>) {
    let (kind, aliases, max_processes) = (model::Kind::Local, BTreeSet::new(), None);
    let registered = model::Event::Registered { kind, upstreams, aliases, max_processes, at: AT };
    happen(stage, name, registered).await;
}

#[tokio::test]
async fn models_are_served_from_when_they_are_registered_until_they_retire() {
    let stage = Stage::set().await;
    register(&stage, "early", vec![stage.upstream()]).await;
    let running = stage.start(Options::registered()).await;
    let mut gateway = Gateway::listen(&stage.log).await;
    let started = stage.event("worker.started", |event| match event {
        Event::Worker(worker::Event::Started { worker, models, .. }) => {
            Some((*worker, models.clone()))
        }
        _ => None,
    });
    assert_eq!(started.await, (running.worker.id(), vec![model("early")]));

    register(&stage, "late", vec![stage.upstream()]).await;
    for name in ["early", "late"] {
        let asked = gateway.offer(name, chat(json!({"model": name}))).await;
        assert_eq!(gateway.ask(&asked, Manner::default()).await.end, End::Complete);
    }

    happen(&stage, "early", model::Event::Retired { at: AT }).await;
    // Events are read in order: once this is served, the retirement was seen.
    register(&stage, "last", vec![stage.upstream()]).await;
    let asked = gateway.offer("last", chat(json!({"model": "last"}))).await;
    gateway.ask(&asked, Manner::default()).await;
    gateway.offer("early", chat(json!({"model": "early"}))).await;
    assert!(gateway.hears_nothing(std::time::Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_changed_upstream_is_called_by_its_new_name() {
    let stage = Stage::set().await;
    register(&stage, "m", vec![stage.upstream()]).await;
    let _worker = stage.start(Options::registered()).await;
    let mut gateway = Gateway::listen(&stage.log).await;
    let changed = Upstream { model: model("renamed"), ..stage.upstream() };
    let upstreams = vec![changed];
    happen(&stage, "m", model::Event::UpstreamsChanged { upstreams, at: AT }).await;
    register(&stage, "marker", vec![stage.upstream()]).await;
    let marker = gateway.offer("marker", chat(json!({"model": "marker"}))).await;
    gateway.ask(&marker, Manner::default()).await;
    let asked = gateway.offer("m", chat(json!({"user": "changed"}))).await;
    gateway.ask(&asked, Manner::default()).await;
    assert_eq!(stage.upstream.deliveries_of("changed")[0].model, "renamed");
}

#[tokio::test]
async fn an_upstream_whose_credential_is_missing_takes_no_tickets() {
    let stage = Stage::set().await;
    let credential = Some(Credential::Environment("UPLION_TEST_NO_SUCH_VARIABLE".into()));
    register(&stage, "m", vec![Upstream { credential, ..stage.upstream() }]).await;
    let _worker = stage.start(Options::registered()).await;
    let mut gateway = Gateway::listen(&stage.log).await;
    gateway.offer("m", chat(json!({}))).await;
    let reason = stage.event("worker.failed", |event| match event {
        Event::Worker(worker::Event::Failed { reason, .. }) => Some(*reason),
        _ => None,
    });
    assert_eq!(reason.await, FailureReason::ConfigurationError);
    assert!(gateway.hears_nothing(std::time::Duration::from_millis(500)).await);
}
