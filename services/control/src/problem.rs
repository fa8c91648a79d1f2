//! Why the API did not do what it was asked: one shape for every error (RFC 9457), whoever found it.

use std::time::Duration;

use poem::{Error, http::StatusCode};
use poem_openapi::{ApiResponse, Object, payload::Json};
use uplion_domain::wire::DecodeError;
use uplion_log_store::StoreError;

/// Seconds after which a caller whom we could not serve may try again.
const RETRY_AFTER: u64 = 1;
/// What a caller who is not known is asked for (RFC 6750).
const CHALLENGE: &str = r#"Bearer realm="uplion control""#;
const INVALID_TOKEN: &str = r#"Bearer realm="uplion control", error="invalid_token""#;

#[derive(Debug, ApiResponse)]
pub enum Problem {
    /// The request cannot be read.
    #[oai(status = 400, content_type = "application/problem+json")]
    Malformed(Json<Box<Details>>),
    /// Nobody is signed in, or not with what is good any more.
    #[oai(status = 401, content_type = "application/problem+json")]
    Unauthorized(Json<Box<Details>>, #[oai(header = "WWW-Authenticate")] String),
    /// The caller's roles do not permit it.
    #[oai(status = 403, content_type = "application/problem+json")]
    Forbidden(Json<Box<Details>>),
    /// There is no such thing, or the caller may not see it.
    #[oai(status = 404, content_type = "application/problem+json")]
    NotFound(Json<Box<Details>>),
    /// The path does not take this method.
    #[oai(status = 405, content_type = "application/problem+json")]
    MethodNotAllowed(Json<Box<Details>>, #[oai(header = "Allow")] String),
    /// The body did not arrive in time.
    #[oai(status = 408, content_type = "application/problem+json")]
    TooSlow(Json<Box<Details>>),
    /// As things stand it cannot be done.
    #[oai(status = 409, content_type = "application/problem+json")]
    Conflict(Json<Box<Details>>),
    /// It is not at the version that `If-Match` names.
    #[oai(status = 412, content_type = "application/problem+json")]
    Changed(Json<Box<Details>>, #[oai(header = "ETag")] String),
    /// The body is too large.
    #[oai(status = 413, content_type = "application/problem+json")]
    TooLarge(Json<Box<Details>>),
    /// The body is not JSON.
    #[oai(status = 415, content_type = "application/problem+json")]
    NotJson(Json<Box<Details>>),
    /// It can be read, but breaks a rule.
    #[oai(status = 422, content_type = "application/problem+json")]
    Unacceptable(Json<Box<Details>>),
    /// Not so soon again.
    #[oai(status = 429, content_type = "application/problem+json")]
    TooMany(Json<Box<Details>>, #[oai(header = "Retry-After")] u64),
    /// Something is wrong on our side.
    #[oai(status = 500, content_type = "application/problem+json")]
    Internal(Json<Box<Details>>),
    /// The database or the log cannot be reached, or is behind: try again.
    #[oai(status = 503, content_type = "application/problem+json")]
    Unavailable(Json<Box<Details>>, #[oai(header = "Retry-After")] u64),
}

/// RFC 9457, with `code` for programs and `version` where it helps.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Problem")]
pub struct Details {
    /// `about:blank`: the status says what kind of problem it is.
    #[oai(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    /// Stable, for programs: `not_found`, `name_taken`, `rejected`, ...
    code: String,
    /// For people: what is wrong and what to do.
    detail: String,
    /// The version that the thing is at, if that was the problem.
    #[oai(skip_serializing_if_is_none)]
    version: Option<u64>,
}

impl Problem {
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::Malformed(details(StatusCode::BAD_REQUEST, "malformed", detail))
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        let details = details(StatusCode::UNAUTHORIZED, "unauthorized", detail);
        Self::Unauthorized(details, INVALID_TOKEN.into())
    }

    /// Nothing at all was shown.
    pub fn anonymous() -> Self {
        let text = "sign in, or send an admin key: Authorization: Bearer <key>";
        let details = details(StatusCode::UNAUTHORIZED, "unauthorized", text);
        Self::Unauthorized(details, CHALLENGE.into())
    }

    /// What was shown is nothing of ours, or is not good any more. Which of these is nobody's business.
    pub fn signed_out() -> Self {
        Self::unauthorized("this key or session is not, or not any more, one of this installation")
    }

    pub fn wrong_credentials() -> Self {
        let text = "the e-mail address or the password is wrong";
        let details = details(StatusCode::UNAUTHORIZED, "wrong_credentials", text);
        Self::Unauthorized(details, CHALLENGE.into())
    }

    pub fn cross_site() -> Self {
        let text = "a page of another origin had the browser send this: changes are made from pages of this host, or with a token";
        Self::Forbidden(details(StatusCode::FORBIDDEN, "cross_site", text))
    }

    pub fn too_many_tries(wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0);
        let text = format!("too many failed tries to sign in: try again in {seconds} s");
        let details = details(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", text);
        Self::TooMany(details, wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    /// The body did not arrive in time.
    pub fn too_slow(patience: Duration) -> Self {
        let text = format!("the body did not arrive within {} s", patience.as_secs());
        Self::TooSlow(details(StatusCode::REQUEST_TIMEOUT, "too_slow", text))
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::Forbidden(details(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// The same words for what does not exist and for what is somebody else's: they tell nobody which.
    pub fn unseen() -> Self {
        Self::not_found("there is no such thing, or you may not see it")
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::NotFound(details(StatusCode::NOT_FOUND, "not_found", detail))
    }

    pub fn not_json(detail: impl Into<String>) -> Self {
        Self::NotJson(details(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail))
    }

    /// `coding` is what the body's `Content-Encoding` names.
    pub fn encoded(coding: &str) -> Self {
        let text = format!(
            "Content-Encoding: {coding} is not read here: send the body as it is, without compression"
        );
        Self::NotJson(details(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded_body", text))
    }

    pub fn too_large(most: usize) -> Self {
        let text = format!("the body is larger than {most} bytes, which is the most that is read");
        Self::TooLarge(details(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text))
    }

    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::Conflict(details(StatusCode::CONFLICT, code, detail))
    }

    pub fn changed(current: u64) -> Self {
        let text = format!("it is at version {current}: read it again before changing it");
        let mut details = details(StatusCode::PRECONDITION_FAILED, "changed", text);
        details.0.version = Some(current);
        Self::Changed(details, etag(current))
    }

    pub fn unacceptable(code: &str, detail: impl Into<String>) -> Self {
        Self::Unacceptable(details(StatusCode::UNPROCESSABLE_ENTITY, code, detail))
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Self::Internal(details(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail))
    }

    /// An event that this version cannot read. What is wrong with it is for whoever runs control.
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
    pub fn unreadable(error: DecodeError) -> Self {
        tracing::error!(%error, "control.history.unreadable");
        Self::internal("an event cannot be read: control's log says why")
    }

    /// The same problem, told to be about one field or parameter.
    #[must_use]
    pub fn about(mut self, place: &str) -> Self {
        let details = self.details_mut();
        details.detail = format!("{place}: {}", details.detail);
        self
    }

    /// For people.
    pub fn detail(&self) -> &str {
        &self.details().detail
    }

    pub fn status(&self) -> u16 {
        self.details().status
    }

    fn details(&self) -> &Details {
        match self {
            Self::Malformed(details)
            | Self::Unauthorized(details, _)
            | Self::Forbidden(details)
            | Self::NotFound(details)
            | Self::MethodNotAllowed(details, _)
            | Self::TooSlow(details)
            | Self::Conflict(details)
            | Self::Changed(details, _)
            | Self::TooLarge(details)
            | Self::NotJson(details)
            | Self::Unacceptable(details)
            | Self::TooMany(details, _)
            | Self::Internal(details)
            | Self::Unavailable(details, _) => &details.0,
        }
    }

    fn details_mut(&mut self) -> &mut Details {
        match self {
            Self::Malformed(details)
            | Self::Unauthorized(details, _)
            | Self::Forbidden(details)
            | Self::NotFound(details)
            | Self::MethodNotAllowed(details, _)
            | Self::TooSlow(details)
            | Self::Conflict(details)
            | Self::Changed(details, _)
            | Self::TooLarge(details)
            | Self::NotJson(details)
            | Self::Unacceptable(details)
            | Self::TooMany(details, _)
            | Self::Internal(details)
            | Self::Unavailable(details, _) => &mut details.0,
        }
    }

    pub fn unavailable(code: &str, detail: impl Into<String>) -> Self {
        let details = details(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        Self::Unavailable(details, RETRY_AFTER)
    }

    /// Of an error that the framework found before any of our functions was called. `allowed`: the path's methods.
    pub fn of_framework(error: &Error, allowed: String) -> Self {
        match error.status() {
            StatusCode::UNAUTHORIZED => Self::anonymous(),
            StatusCode::FORBIDDEN => Self::forbidden("that is not permitted"),
            StatusCode::URI_TOO_LONG => Self::malformed("the URL is too long"),
            StatusCode::NOT_FOUND => {
                let text =
                    "there is nothing at this path: /control/v1/openapi.json has all there are";
                Self::not_found(text)
            }
            status @ StatusCode::METHOD_NOT_ALLOWED => {
                let text = format!("this path takes {allowed}, and no other method");
                Self::MethodNotAllowed(details(status, "method_not_allowed", text), allowed)
            }
            status if status.is_client_error() => {
                tracing::warn!(%error, "control.request.undescribed");
                let text = "the request is not as the description has it: /control/v1/openapi.json";
                Self::malformed(text)
            }
            _ => {
                tracing::error!(%error, "control.request.failed");
                Self::internal("something is wrong on our side: control's log says what")
            }
        }
    }
}

fn details(status: StatusCode, code: &str, detail: impl Into<String>) -> Json<Box<Details>> {
    Json(Box::new(Details {
        kind: "about:blank".into(),
        title: status.canonical_reason().unwrap_or("Error").into(),
        status: status.as_u16(),
        code: code.into(),
        detail: detail.into(),
        version: None,
    }))
}

/// A version as HTTP writes it.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// What the database says is for who runs it: it names hosts and users, and anybody may have asked.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "control.store.unavailable");
                Self::unavailable(
                    "database_unavailable",
                    "the database cannot be reached: try again",
                )
            }
            StoreError::Refused(_) | StoreError::Unreadable(_) => {
                tracing::error!(%error, "control.store.failed");
                Self::internal("the database did not do it: control's log says why")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_says_is_for_the_log_alone() {
        let said = || "password authentication failed for user \"canary\"".to_owned();
        for error in [
            StoreError::Unavailable(said()),
            StoreError::Refused(said()),
            StoreError::Unreadable(said()),
        ] {
            let told = format!("{:?}", Problem::from(error));
            assert!(!told.contains("canary"), "{told}");
        }
    }
}
