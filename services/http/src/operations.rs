//! What operators and Kubernetes ask of every role: `/health`, `/ready`, `/metrics`.

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt as _, IntoEndpoint, Request, Response, Result, Route,
    endpoint::make_sync, get, http::StatusCode,
};
use prometheus_client::{encoding::text::encode, registry::Registry};

pub(crate) const HEALTH: &str = "/health";
/// Answers in plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const READY: &str = "/ready";
const METRICS: &str = "/metrics";

/// Why a role is not ready, in a line for each reason.
pub type Readiness = Arc<dyn Fn() -> std::result::Result<(), String> + Send + Sync>;

/// The routes of a role beside its own.
pub fn routes(registry: Registry, ready: Readiness) -> Route {
    let registry = Arc::new(registry);
    Route::new()
        // The process answers: that is all that a restart could mend.
        .at(HEALTH, get(make_sync(|_| text(StatusCode::OK, "ok\n".to_owned()))))
        .at(READY, get(make_sync(move |_| readiness(&ready))))
        .at(METRICS, get(make_sync(move |_| metrics(&registry))))
}

/// Ready if all are.
pub fn all(parts: Vec<(&'static str, Readiness)>) -> Readiness {
    Arc::new(move || {
        let troubles: Vec<String> = parts
            .iter()
            .filter_map(|(name, ready)| ready().err().map(|why| format!("{name}: {why}")))
            .collect();
        if troubles.is_empty() { Ok(()) } else { Err(troubles.join("\n")) }
    })
}

/// A role's own routes with the operators' in front. The path is looked at here because a router inside a router costs
/// a request as much as some of the work that it came for.
pub fn beside<E>(operations: Route, own: E) -> impl Endpoint<Output = Response>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    Beside { operations, own: own.into_endpoint().map_to_response() }
}

struct Beside<E> {
    operations: Route,
    own: E,
}

impl<E: Endpoint<Output = Response>> Endpoint for Beside<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        match request.uri().path() {
            HEALTH | READY | METRICS => self.operations.call(request).await,
            _ => self.own.call(request).await,
        }
    }
}

fn readiness(ready: &Readiness) -> Response {
    match ready() {
        Ok(()) => text(StatusCode::OK, "ready\n".to_owned()),
        Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

fn metrics(registry: &Registry) -> Response {
    let mut body = String::new();
    match encode(&mut body, registry) {
        Ok(()) => Response::builder()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn text(status: StatusCode, body: String) -> Response {
    Response::builder().status(status).content_type(TEXT).body(body)
}
