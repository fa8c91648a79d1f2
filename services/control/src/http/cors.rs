//! Which other origins' pages may read answers: none, unless configuration names them.

use std::sync::Arc;

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const ASKED: &str =
    "Authorization, Content-Type, If-Match, Idempotency-Key, Uplion-Position, Uplion-Reason";
const SHOWN: &str = "ETag, Retry-After, Uplion-Position, X-Request-Id";

pub struct Cors {
    /// As browsers write them: `https://console.example.org`.
    pub allowed: Arc<[String]>,
}

impl Cors {
    /// The origin of the page that asks, if that is allowed.
    pub fn allowed(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        self.allowed
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes())
            .then(|| origin.clone())
    }

    pub fn open(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if !self.allowed.is_empty() {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let mut say = |name, text| headers.insert(name, HeaderValue::from_static(text));
        say(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        say(header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN);
    }
}

/// To a browser that asks whether it may ask.
pub fn preflight() -> Response {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED)
        .header(header::ACCESS_CONTROL_MAX_AGE, "600")
        .finish()
}
