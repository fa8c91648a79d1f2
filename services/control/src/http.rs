//! The API as an endpoint: bodies bounded, every error a problem, every answer counted and closed to other sites.

mod body;
mod security_headers;
mod zero_character;

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Route,
    endpoint::make_sync,
    get,
    http::{
        HeaderValue, Method, StatusCode,
        header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE},
    },
};

use uplion_http::cors::{Cors, coding};

use self::body::BodyReader;
use crate::{
    OPENAPI, Parts, api,
    contract::Contract,
    headers,
    metrics::{Metrics, Status},
    origin::{Origin, REQUEST_ID, over_https, request_id},
    problem::Problem,
};

/// Bytes. The longest of ours is some hundred.
const LONGEST_URL: usize = 8 << 10;
/// The description, which does not describe itself.
const DOCUMENT: &str = "/openapi.json";

pub fn routes(
    parts: &Parts,
    contract: Arc<Contract>,
    metrics: Metrics,
    proxies: usize,
) -> impl Endpoint<Output = Response> + use<> {
    let document = get(make_sync(|_| OPENAPI.with_content_type("application/json")));
    let described = Route::new().at(DOCUMENT, document).nest("/", api::service(parts));
    let authenticator = parts.authenticator.clone();
    let cors = Cors {
        origins: Arc::clone(&authenticator.allowed_origins),
        methods: "GET, POST, PUT, PATCH, DELETE",
        asked: Some(
            "Authorization, Content-Type, If-Match, Idempotency-Key, Uplion-Position, Uplion-Reason",
        ),
        shown: "ETag, Retry-After, Uplion-Position, X-Request-Id",
        credentials: true,
    };
    let inner = Route::new().nest(api::PATH, described).data(authenticator);
    Api { inner, contract, metrics, cors, bodies: BodyReader::new(), proxies }
}

struct Api<E> {
    inner: E,
    contract: Arc<Contract>,
    metrics: Metrics,
    cors: Cors,
    bodies: BodyReader,
    proxies: usize,
}

impl<E: Endpoint> Endpoint for Api<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let id = HeaderValue::try_from(request_id(&request));
        let id = id.expect("it is made of letters and digits");
        request.headers_mut().insert(REQUEST_ID, id.clone());
        let path = request.uri().path().to_owned();
        let (https, page) = (over_https(&request), self.cors.allowed(&request));
        let answer = match self.unasked(&request) {
            Some(answer) => Ok(answer),
            None => self.answer(request).await,
        };
        let mut response =
            answer.unwrap_or_else(|error| problem_response(error, self.taken(&path)));
        let headers = response.headers_mut();
        security_headers::insert(headers, https);
        self.cors.open(headers, page);
        headers.insert(REQUEST_ID, id);
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            let headers = response.headers_mut();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let status = Status { status: response.status().as_u16() };
        self.metrics.answers.get_or_create(&status).inc();
        Ok(response)
    }
}

impl<E: Endpoint> Api<E> {
    /// What is said without asking who calls: what a path takes, to browsers and to others.
    fn unasked(&self, request: &Request) -> Option<Response> {
        if let Some(preflight) = self.cors.preflight(request) {
            return Some(preflight);
        }
        let allowed = self.taken(request.uri().path());
        let asked = *request.method() == Method::OPTIONS && !allowed.is_empty();
        let answer = || Response::builder().status(StatusCode::NO_CONTENT);
        asked.then(|| answer().header(ALLOW, allowed).finish())
    }

    /// The methods of a path; none of one that is not there.
    fn taken(&self, path: &str) -> String {
        if path.strip_prefix(api::PATH) == Some(DOCUMENT) {
            return Method::GET.to_string();
        }
        self.contract.allowed(path)
    }

    async fn answer(&self, mut request: Request) -> poem::Result<Response> {
        let url = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
        if url > LONGEST_URL {
            return Err(Error::from_status(StatusCode::URI_TOO_LONG));
        }
        request.set_data(Origin::of(&request, self.proxies)?);
        let body = request.take_body();
        // Held until the call is answered.
        let (body, _held) = self.bodies.read(body).await?;
        if let Some(coding) = coding(request.headers()) {
            return Err(Problem::encoded(&coding).into());
        }
        self.contract.check(&request, &body)?;
        if let Some(place) = zero_character::find(&request, &body) {
            let text = format!("there is a zero character in {place}: no text has one");
            return Err(Problem::unacceptable("zero_character", text).into());
        }
        request.set_data(headers::command(request.method(), request.uri(), &body));
        request.set_body(body);
        let answer = self.inner.call(request).await?;
        Ok(answer.into_response())
    }
}

/// The error as one of ours: errors of the framework are not problems yet.
fn problem_response(error: Error, allowed: String) -> Response {
    let found = Problem::of_framework(&error, allowed);
    if error.is_from_response() {
        let response = error.into_response();
        let content_type = response.headers().get(CONTENT_TYPE);
        if content_type.is_some_and(|kind| kind == "application/problem+json") {
            return response;
        }
    }
    found.into_response()
}
