//! What operators and Kubernetes ask of every role: `/health`, `/ready`, `/metrics`.

use std::{fmt, result::Result, sync::Arc};

use poem::{
    Endpoint, EndpointExt as _, IntoEndpoint, IntoResponse as _, Request, Response, Route,
    endpoint::make_sync,
    http::{HeaderValue, Method, StatusCode, header::ALLOW},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, text::encode},
    metrics::gauge::ConstGauge,
    registry::Registry,
};

pub(crate) const HEALTH: &str = "/health";
/// Answers in plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const READY: &str = "/ready";
const METRICS: &str = "/metrics";
const TAKEN: &str = "GET, HEAD, OPTIONS";

/// Why a role is not ready, in a line for each reason.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The routes of a role beside its own.
pub fn routes(mut registry: Registry, ready: Readiness) -> Route {
    registry.register_collector(Box::new(ReadyGauge(Arc::clone(&ready))));
    let registry = Arc::new(registry);
    Route::new()
        // The process answers: that is all that a restart could mend.
        .at(HEALTH, read_only(|| text(StatusCode::OK, "ok\n".to_owned())))
        .at(READY, read_only(move || readiness(&ready)))
        .at(METRICS, read_only(move || metrics(&registry)))
}

/// Whoever asks otherwise is told how.
fn read_only(
    answer: impl Fn() -> Response + Send + Sync + 'static,
) -> impl Endpoint<Output = Response> {
    make_sync(move |request: Request| {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer();
        }
        let mut other = if *request.method() == Method::OPTIONS {
            StatusCode::NO_CONTENT.into_response()
        } else {
            let told = format!("{} is not taken here: send {TAKEN}\n", request.method());
            text(StatusCode::METHOD_NOT_ALLOWED, told)
        };
        other.headers_mut().insert(ALLOW, HeaderValue::from_static(TAKEN));
        other
    })
}

/// What `/ready` says, as a number.
struct ReadyGauge(Readiness);

impl Collector for ReadyGauge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let ready = ConstGauge::new(i64::from((self.0)().is_ok()));
        let help = "1 if /ready says so";
        ready.encode(encoder.encode_descriptor("uplion_ready", help, None, ready.metric_type())?)
    }
}

impl fmt::Debug for ReadyGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyGauge").finish_non_exhaustive()
    }
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

    async fn call(&self, request: Request) -> poem::Result<Response> {
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
