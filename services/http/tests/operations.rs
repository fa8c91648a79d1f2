//! What operators and Kubernetes ask of a role, before it has started and after.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use poem::{Endpoint, EndpointExt as _, Request, endpoint::make_sync, http::Method};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use uplion_http::{Readiness, Startup, operations};

async fn get(endpoint: &impl Endpoint, path: &str) -> (u16, String) {
    let request = Request::builder().uri_str(path).finish();
    let response = endpoint.get_response(request).await;
    let status = response.status().as_u16();
    (status, response.into_body().into_string().await.unwrap())
}

fn switch() -> (Arc<AtomicBool>, Readiness) {
    let on = Arc::new(AtomicBool::new(false));
    let ready = Arc::clone(&on);
    let readiness =
        move || if ready.load(Ordering::Relaxed) { Ok(()) } else { Err("switched off".to_owned()) };
    (on, Arc::new(readiness))
}

#[tokio::test]
async fn a_role_is_alive_before_it_is_ready_and_says_why_it_is_not() {
    let (on, ready) = switch();
    let routes = operations::routes(Registry::default(), ready);
    assert_eq!(get(&routes, "/health").await, (200, "ok\n".to_owned()));
    assert_eq!(get(&routes, "/ready").await, (503, "switched off\n".to_owned()));
    on.store(true, Ordering::Relaxed);
    assert_eq!(get(&routes, "/ready").await, (200, "ready\n".to_owned()));
}

#[tokio::test]
async fn whoever_asks_otherwise_than_by_get_is_told_how() {
    let (_, ready) = switch();
    let routes = operations::routes(Registry::default(), ready);
    for path in ["/health", "/ready", "/metrics"] {
        for (method, status) in [
            (Method::POST, 405),
            (Method::DELETE, 405),
            (Method::TRACE, 405),
            (Method::OPTIONS, 204),
        ] {
            let request = Request::builder().method(method.clone()).uri_str(path).finish();
            let response = routes.get_response(request).await;
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            assert_eq!(response.header("allow"), Some("GET, HEAD, OPTIONS"), "{method} {path}");
            let told = response.into_body().into_string().await.unwrap();
            assert!(status == 204 || told.contains("send GET"), "{told}");
        }
    }
}

#[tokio::test]
async fn several_roles_are_ready_when_all_are_and_each_that_is_not_is_named() {
    let ((first_on, first), (second_on, second)) = (switch(), switch());
    let ready = operations::all(vec![("gateway", first), ("worker", second)]);
    assert_eq!(ready().unwrap_err(), "gateway: switched off\nworker: switched off");
    first_on.store(true, Ordering::Relaxed);
    assert_eq!(ready().unwrap_err(), "worker: switched off");
    second_on.store(true, Ordering::Relaxed);
    assert_eq!(ready(), Ok(()));
}

#[tokio::test]
async fn what_was_registered_is_measured_and_the_role_answers_everything_else() {
    let mut registry = Registry::default();
    let served = Counter::<u64>::default();
    registry.register("served", "Served", served.clone());
    served.inc();
    let (_, ready) = switch();
    let own = make_sync(|_| "the role's own").map_to_response();
    let endpoint = operations::beside(operations::routes(registry, ready), own);
    let (status, metrics) = get(&endpoint, "/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("served_total 1"), "{metrics}");
    assert_eq!(get(&endpoint, "/v1/models").await, (200, "the role's own".to_owned()));
}

#[tokio::test]
async fn a_role_that_waits_is_alive_and_says_what_it_waits_for_until_it_has_started() {
    let startup = Startup::new();
    startup.waits_for("waiting for Postgres");
    assert_eq!(get(&startup, "/health").await, (200, "ok\n".to_owned()));
    assert_eq!(get(&startup, "/v1/models").await, (503, "waiting for Postgres\n".to_owned()));
    startup.started(make_sync(|_| "started"));
    assert_eq!(get(&startup, "/v1/models").await, (200, "started".to_owned()));
}
