//! The API as an endpoint: bodies bounded, every error a problem, every answer counted.

use poem::{
    Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Route,
    endpoint::make_sync,
    http::{HeaderValue, header::CONTENT_TYPE},
};

use crate::{
    OPENAPI, Parts, api,
    auth::Doorkeeper,
    metrics::{Metrics, Status},
    origin::{REQUEST_ID, request_id},
    problem::Problem,
};

/// Bytes. A command says little.
const MAX_BODY: usize = 1 << 20;

pub fn routes(
    parts: &Parts,
    doorkeeper: Doorkeeper,
    metrics: Metrics,
) -> impl Endpoint<Output = Response> + use<> {
    let document = make_sync(|_| OPENAPI.with_content_type("application/json"));
    let described = Route::new().at("/openapi.json", document).nest("/", api::service(parts));
    let inner = Route::new().nest(api::PATH, described).data(doorkeeper);
    Answering { inner, metrics }
}

struct Answering<E> {
    inner: E,
    metrics: Metrics,
}

impl<E: Endpoint> Endpoint for Answering<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let id = request_id(&request);
        let id = HeaderValue::try_from(id).expect("it is made of letters and digits");
        request.headers_mut().insert(REQUEST_ID, id.clone());
        let answer = self.answer(request).await;
        let mut response = answer.unwrap_or_else(|error| told(error).into_response());
        response.headers_mut().insert(REQUEST_ID, id);
        let status = Status { status: response.status().as_u16() };
        self.metrics.answers.get_or_create(&status).inc();
        Ok(response)
    }
}

impl<E: Endpoint> Answering<E> {
    async fn answer(&self, mut request: Request) -> poem::Result<Response> {
        let body = request.take_body().into_bytes_limit(MAX_BODY).await?;
        request.set_body(body);
        let answer = self.inner.call(request).await?;
        Ok(answer.into_response())
    }
}

/// The error as one of ours: errors of the framework are not problems yet.
fn told(error: Error) -> Response {
    let found = Problem::of_framework(&error);
    if error.is_from_response() {
        let response = error.into_response();
        let content_type = response.headers().get(CONTENT_TYPE);
        if content_type.is_some_and(|kind| kind == "application/problem+json") {
            return response;
        }
    }
    found.into_response()
}
