//! Why a request is not answered; the [dialects](crate::Dialect) spell it, a file each.
//!
//! SDKs retry by the status (408, 409, 429, 5xx) and wait as long as `Retry-After` says.

pub(crate) mod anthropic;
mod bad_request;
pub(crate) mod openai;
mod upstream;

pub use self::{bad_request::BadRequest, upstream::UpstreamError};

/// Longer names are cut in messages: what the client sent is not sent back by the megabyte.
const NAME_CHARS: usize = 128;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    #[error("no API key was given; send it as `Authorization: Bearer KEY`")]
    MissingApiKey,
    #[error("the API key {}", fault.as_str())]
    InvalidApiKey { fault: KeyFault },
    /// Also a model that is there, but not for this key: whoever asks shall not learn the difference.
    #[error("the model `{}` does not exist or you do not have access to it", cut(model))]
    ModelNotFound { model: String },
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    #[error("unknown URL: {method} {}", cut(path))]
    RouteNotFound { method: String, path: String },
    #[error("{method} is not allowed on {}", cut(path))]
    MethodNotAllowed { method: String, path: String },
    #[error("the body must be of the type application/json")]
    UnsupportedMediaType,
    #[error("the body is sent as it is, without a Content-Encoding: {coding} is not read here")]
    EncodedBody { coding: String },
    #[error("the body is longer than {max_bytes} bytes")]
    PayloadTooLarge { max_bytes: u64 },
    #[error("too many requests; try again in {retry_after_s} s")]
    RateLimited { retry_after_s: u64 },
    #[error(
        "too many requests wait for the model `{}`; try again in {retry_after_s} s",
        cut(model)
    )]
    QueueFull { model: String, retry_after_s: u64 },
    #[error("the service is overloaded; try again in {retry_after_s} s")]
    Overloaded { retry_after_s: u64 },
    #[error("the service is not ready: {reason}")]
    Unavailable { reason: &'static str, retry_after_s: u64 },
    /// No upstream of the model can answer now.
    #[error("the model `{}` is not available: {reason}", cut(model))]
    ModelUnavailable { model: String, reason: &'static str, retry_after_s: u64 },
    #[error("the request did not arrive within its time")]
    Timeout,
    /// Of its model, or the usual one.
    #[error("the request did not finish within its deadline of {after_s} s")]
    DeadlineExceeded { after_s: u64 },
    #[error("the model's server {} {after_s} s", silence.as_str())]
    UpstreamSilent { silence: Silence, after_s: u64 },
    /// No answer came from the model's server, or none that could be used.
    #[error("the model's server failed: {reason}")]
    UpstreamFailed { reason: String },
    /// The usage may have been recorded and charged all the same.
    #[error("the server had an error while processing your request")]
    Internal,
}

/// When the model's server said nothing for longer than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    FirstByte,
    BetweenChunks,
}

impl Silence {
    const fn as_str(self) -> &'static str {
        match self {
            Self::FirstByte => "did not begin to answer within",
            Self::BetweenChunks => "began to answer and then said nothing for",
        }
    }
}

/// What is wrong with a key, and what its owner can do. Only who has the secret learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    Unknown,
    Revoked,
    /// Another secret took the place of this one.
    Replaced,
    Disabled,
    Expired,
    ProjectClosed,
    ProjectSuspended,
}

impl KeyFault {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "is unknown; check that it was copied whole",
            Self::Revoked => "is revoked for good; ask for another one",
            Self::Replaced => "was rotated, and this secret is no longer served; use the new one",
            Self::Disabled => "is disabled; ask for it to be enabled",
            Self::Expired => "has expired; ask for more time or for another one",
            Self::ProjectClosed => "belongs to a project that is closed; ask for one of another",
            Self::ProjectSuspended => "belongs to a project that is suspended; ask why",
        }
    }
}

impl ApiError {
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::MissingApiKey | Self::InvalidApiKey { .. } => 401,
            Self::ModelNotFound { .. } | Self::RouteNotFound { .. } => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::PayloadTooLarge { .. } => 413,
            Self::UnsupportedMediaType | Self::EncodedBody { .. } => 415,
            Self::RateLimited { .. } | Self::QueueFull { .. } => 429,
            Self::Internal => 500,
            Self::UpstreamFailed { .. } => 502,
            Self::Overloaded { .. } | Self::Unavailable { .. } | Self::ModelUnavailable { .. } => {
                503
            }
            Self::Timeout | Self::DeadlineExceeded { .. } | Self::UpstreamSilent { .. } => 504,
        }
    }

    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingApiKey | Self::InvalidApiKey { .. } => "invalid_api_key",
            Self::ModelNotFound { .. } => "model_not_found",
            Self::BadRequest(bad) => bad.code(),
            Self::RouteNotFound { .. } => "unknown_url",
            Self::MethodNotAllowed { .. } => "method_not_supported",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::EncodedBody { .. } => "unsupported_content_encoding",
            Self::PayloadTooLarge { .. } => "payload_too_large",
            Self::RateLimited { .. } => "rate_limit_exceeded",
            Self::QueueFull { .. } => "queue_full",
            Self::Overloaded { .. } => "overloaded",
            Self::Unavailable { .. } => "unavailable",
            Self::ModelUnavailable { .. } => "model_unavailable",
            Self::Timeout | Self::DeadlineExceeded { .. } => "timeout",
            Self::UpstreamSilent { .. } => "upstream_timeout",
            Self::UpstreamFailed { .. } => "upstream_error",
            Self::Internal => "internal_error",
        }
    }

    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Self::BadRequest(bad) => bad.param(),
            Self::ModelNotFound { .. } | Self::ModelUnavailable { .. } => Some("model"),
            Self::MissingApiKey
            | Self::InvalidApiKey { .. }
            | Self::RouteNotFound { .. }
            | Self::MethodNotAllowed { .. }
            | Self::UnsupportedMediaType
            | Self::EncodedBody { .. }
            | Self::PayloadTooLarge { .. }
            | Self::RateLimited { .. }
            | Self::QueueFull { .. }
            | Self::Overloaded { .. }
            | Self::Unavailable { .. }
            | Self::Timeout
            | Self::DeadlineExceeded { .. }
            | Self::UpstreamSilent { .. }
            | Self::UpstreamFailed { .. }
            | Self::Internal => None,
        }
    }

    /// Seconds, for the `Retry-After` header.
    pub const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after_s }
            | Self::QueueFull { retry_after_s, .. }
            | Self::Overloaded { retry_after_s }
            | Self::Unavailable { retry_after_s, .. }
            | Self::ModelUnavailable { retry_after_s, .. } => Some(*retry_after_s),
            Self::MissingApiKey
            | Self::InvalidApiKey { .. }
            | Self::ModelNotFound { .. }
            | Self::BadRequest(_)
            | Self::RouteNotFound { .. }
            | Self::MethodNotAllowed { .. }
            | Self::UnsupportedMediaType
            | Self::EncodedBody { .. }
            | Self::PayloadTooLarge { .. }
            | Self::Timeout
            | Self::DeadlineExceeded { .. }
            | Self::UpstreamSilent { .. }
            | Self::UpstreamFailed { .. }
            | Self::Internal => None,
        }
    }

    /// Whether the same request may do better later without being charged twice; SDKs obey `x-should-retry`.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::QueueFull { .. }
            | Self::Overloaded { .. }
            | Self::Unavailable { .. }
            | Self::ModelUnavailable { .. }
            | Self::Timeout
            | Self::DeadlineExceeded { .. }
            | Self::UpstreamSilent { .. }
            | Self::UpstreamFailed { .. } => true,
            Self::MissingApiKey
            | Self::InvalidApiKey { .. }
            | Self::ModelNotFound { .. }
            | Self::BadRequest(_)
            | Self::RouteNotFound { .. }
            | Self::MethodNotAllowed { .. }
            | Self::UnsupportedMediaType
            | Self::EncodedBody { .. }
            | Self::PayloadTooLarge { .. }
            | Self::Internal => false,
        }
    }
}

fn cut(name: &str) -> &str {
    name.char_indices().nth(NAME_CHARS).map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod spec;
