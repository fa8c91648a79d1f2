//! Serving what is registered, as it changes.

use std::collections::BTreeSet;

use serde_json::json;
use uplion_bench::upstream::Upstream as Mock;
use uplion_domain::{
    Envelope, Event, EventId, Timestamp,
    model::{self, Credential, Upstream},
    worker::{self, FailureReason},
};
use uplion_log_transport::{claim::End, stream::Condition};
use uplion_worker::Options;
use uuid::Uuid;

use crate::{
    gateway::{Gateway, GatewayBehavior},
    harness::{Harness, chat, model},
};

const AT: Timestamp = Timestamp::from_micros(1);

async fn happen(harness: &Harness, name: &str, event: model::Event) {
    let event = Event::Model(model(name), event);
    let (subject, id) = (event.subject(), EventId::fresh(Uuid::now_v7()));
    let envelope = Envelope { id, at: AT, traceparent: None, actor: None, request_id: None, event };
    harness.log.streams.append(&subject, envelope.encode(), Condition::default()).await.unwrap();
}

async fn register(harness: &Harness, name: &str, upstreams: Vec<Upstream>) {
    let (kind, aliases, max_processes) = (model::Kind::Local, BTreeSet::new(), None);
    let registered = model::Event::Registered {
        kind,
        upstreams,
        aliases,
        max_processes,
        operations: None,
        at: AT,
    };
    happen(harness, name, registered).await;
}

#[tokio::test]
async fn models_are_served_from_when_they_are_registered_until_they_retire() {
    let harness = Harness::start().await;
    register(&harness, "early", vec![harness.upstream()]).await;
    let running = harness.start_worker(Options::registered()).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    let started = harness.event("worker.started", |event| match event {
        Event::Worker(worker::Event::Started { worker, models, .. }) => {
            Some((*worker, models.clone()))
        }
        _ => None,
    });
    assert_eq!(started.await, (running.worker.id(), vec![model("early")]));

    register(&harness, "late", vec![harness.upstream()]).await;
    for name in ["early", "late"] {
        let offered = gateway.offer(name, chat(json!({"model": name}))).await;
        assert_eq!(gateway.ask(&offered, GatewayBehavior::default()).await.end, End::Complete);
    }

    happen(&harness, "early", model::Event::Retired { at: AT }).await;
    // Events are read in order: once this is served, the retirement was seen.
    register(&harness, "last", vec![harness.upstream()]).await;
    let offered = gateway.offer("last", chat(json!({"model": "last"}))).await;
    gateway.ask(&offered, GatewayBehavior::default()).await;
    gateway.offer("early", chat(json!({"model": "early"}))).await;
    assert!(gateway.hears_nothing(std::time::Duration::from_secs(1)).await);
}

#[tokio::test]
async fn a_worker_reports_what_it_is_and_then_what_it_can_serve() {
    let harness = Harness::start().await;
    let unusable = Upstream { url: "ftp://nowhere".into(), ..harness.upstream() };
    for (name, upstream) in
        [("one", harness.upstream()), ("two", harness.upstream()), ("three", unusable.clone())]
    {
        register(&harness, name, vec![upstream]).await;
    }
    let zone = Some("eu-1".to_owned());
    let running = harness.start_worker(Options { zone, ..Options::registered() }).await;
    let started = harness.event("worker.started", |event| match event {
        Event::Worker(worker::Event::Started { models, about, .. }) => {
            Some((models.clone(), about.clone().unwrap()))
        }
        _ => None,
    });
    let (models, about) = started.await;
    assert_eq!(models, ["one", "three", "two"].map(model));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let upstreams = about.upstreams.clone();
    assert_eq!((about.places, about.zone.as_deref(), &about.version), (12, Some("eu-1"), &version));
    assert!(upstreams.len() == 2 && upstreams.contains(&unusable.id()), "{upstreams:?}");

    let ready = |event: &Event| match event {
        Event::Worker(worker::Event::Ready { worker, models, .. })
            if *worker == running.worker.id() =>
        {
            Some(models.clone())
        }
        _ => None,
    };
    for name in ["one", "two"] {
        let of_model = |event: &Event| ready(event).filter(|models| models[..] == [model(name)]);
        harness.event("worker.ready", of_model).await;
    }
    let reported = harness.reported().await;
    assert!(matches!(reported[0], Event::Worker(worker::Event::Started { .. })), "{reported:?}");
    assert_eq!(reported.iter().filter_map(ready).count(), 2, "the third cannot be called");
}

#[tokio::test]
async fn a_changed_upstream_is_called_by_its_new_name() {
    let harness = Harness::start().await;
    register(&harness, "m", vec![harness.upstream()]).await;
    let _worker = harness.start_worker(Options::registered()).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    let changed = Upstream { model: model("renamed"), ..harness.upstream() };
    let upstreams = vec![changed];
    happen(&harness, "m", model::Event::UpstreamsChanged { upstreams, at: AT }).await;
    register(&harness, "marker", vec![harness.upstream()]).await;
    let marker = gateway.offer("marker", chat(json!({"model": "marker"}))).await;
    gateway.ask(&marker, GatewayBehavior::default()).await;
    let offered = gateway.offer("m", chat(json!({"user": "changed"}))).await;
    gateway.ask(&offered, GatewayBehavior::default()).await;
    assert_eq!(harness.upstream.deliveries_of("changed")[0].model, "renamed");
}

#[tokio::test]
async fn upstreams_with_room_share_the_requests_by_their_weights() {
    let harness = Harness::start().await;
    let other = Mock::start().await.unwrap();
    let heavy = Upstream { weight: 3, ..harness.upstream() };
    let light = Upstream { url: other.url(), ..harness.upstream() };
    register(&harness, "m", vec![heavy, light]).await;
    let _worker = harness.start_worker(Options::registered()).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    // Until both pull, one of them has all to itself.
    while other.deliveries_of("first").is_empty()
        || harness.upstream.deliveries_of("first").is_empty()
    {
        let offered = gateway.offer("m", chat(json!({"user": "first"}))).await;
        gateway.ask(&offered, GatewayBehavior::default()).await;
    }
    for _ in 0..40 {
        let offered = gateway.offer("m", chat(json!({"user": "shared"}))).await;
        assert_eq!(gateway.ask(&offered, GatewayBehavior::default()).await.end, End::Complete);
    }
    let counts = [&harness.upstream, &other].map(|mock| mock.deliveries_of("shared").len());
    assert!((29..=31).contains(&counts[0]) && counts[0] + counts[1] == 40, "{counts:?}");
}

#[tokio::test]
async fn an_upstream_whose_credential_is_missing_takes_no_tickets() {
    let harness = Harness::start().await;
    let variable = Credential::Environment("UPLION_TEST_NO_SUCH_VARIABLE".into());
    let secret = Credential::Secret { name: "no-such".into(), key: "secret".into() };
    let upstreams = [variable, secret]
        .map(|missing| Upstream { credential: Some(missing), ..harness.upstream() });
    register(&harness, "m", vec![upstreams[0].clone()]).await;
    register(&harness, "n", vec![upstreams[1].clone()]).await;
    let _worker = harness.start_worker(Options::registered()).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    for name in ["m", "n"] {
        gateway.offer(name, chat(json!({}))).await;
        let reason = harness.event("worker.failed", |event| match event {
            Event::Worker(worker::Event::Failed { reason, model, .. })
                if model.as_str() == name =>
            {
                Some(*reason)
            }
            _ => None,
        });
        assert_eq!(reason.await, FailureReason::ConfigurationError);
    }
    assert!(gateway.hears_nothing(std::time::Duration::from_millis(500)).await);
}
