//! What goes back to a client: whole answers, streams and rejections, each under the request's id.

use poem::{
    Body, Response, ResponseParts,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header},
};
use uplion_domain::RequestId;
use uplion_log_transport::claim::Head;
use uplion_protocol::{Dialect, error::ApiError};

use crate::live::{BodyStream, WholeAnswer};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Proxies such as nginx then pass each event on as it comes.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What a client without a key, or with one that is not served, is asked for (RFC 6750).
const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"Bearer realm="uplion""#);
const INVALID_TOKEN: HeaderValue =
    HeaderValue::from_static(r#"Bearer realm="uplion", error="invalid_token""#);

pub fn json(id: RequestId, body: impl Into<Body>) -> Response {
    response(id, StatusCode::OK, JSON, body.into())
}

pub fn whole(id: RequestId, answer: WholeAnswer) -> Response {
    let WholeAnswer { head, body, should_retry } = answer;
    let mut response = response(id, status(&head), content_type(&head), body.into());
    if let Some(seconds) = head.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if let Some(retry) = should_retry {
        response.headers_mut().insert(SHOULD_RETRY, yes_or_no(retry));
    }
    response
}

pub fn stream(id: RequestId, head: &Head, parts: BodyStream) -> Response {
    let body = Body::from_bytes_stream(parts);
    let mut response = response(id, status(head), content_type(head), body);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

pub fn rejection(id: RequestId, dialect: Dialect, error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(id, status, JSON, dialect.error(error).into());
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after_s() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    headers.insert(SHOULD_RETRY, yes_or_no(error.may_retry()));
    if let Some((name, value)) = what_would_do(error) {
        headers.insert(name, value);
    }
    response
}

/// What would have been taken instead.
fn what_would_do(error: &ApiError) -> Option<(HeaderName, HeaderValue)> {
    if matches!(error, ApiError::MissingApiKey) {
        Some((header::WWW_AUTHENTICATE, CHALLENGE))
    } else if matches!(error, ApiError::InvalidApiKey { .. }) {
        Some((header::WWW_AUTHENTICATE, INVALID_TOKEN))
    } else if matches!(error, ApiError::EncodedBody { .. }) {
        Some((header::ACCEPT_ENCODING, HeaderValue::from_static("identity")))
    } else if matches!(error, ApiError::UnsupportedMediaType) {
        Some((header::ACCEPT, JSON))
    } else {
        None
    }
}

const fn yes_or_no(yes: bool) -> HeaderValue {
    HeaderValue::from_static(if yes { "true" } else { "false" })
}

fn response(id: RequestId, status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, content_type);
    let id = HeaderValue::try_from(id.to_string()).expect("ids are letters and digits");
    headers.insert(REQUEST_ID, id);
    let (version, extensions) = (Version::default(), Extensions::default());
    Response::from_parts(ResponseParts { status, version, headers, extensions }, body)
}

fn status(head: &Head) -> StatusCode {
    StatusCode::from_u16(head.status).unwrap_or(StatusCode::BAD_GATEWAY)
}

fn content_type(head: &Head) -> HeaderValue {
    HeaderValue::try_from(head.content_type.as_str()).unwrap_or(JSON)
}
