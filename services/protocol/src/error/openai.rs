//! Errors in the shape that `OpenAI`'s SDKs turn into their exceptions.

use bytes::Bytes;
use serde_json::json;

use super::ApiError;

pub(crate) fn body(error: &ApiError) -> Bytes {
    let (message, kind) = (error.to_string(), kind(error));
    let error = json!({
        "message": message, "type": kind, "param": error.param(), "code": error.code(),
    });
    json!({ "error": error }).to_string().into()
}

/// The coarse class: a bad key is an `invalid_request_error` there as well.
pub(super) const fn kind(error: &ApiError) -> &'static str {
    match error {
        ApiError::MissingApiKey
        | ApiError::InvalidApiKey { .. }
        | ApiError::ModelNotFound { .. }
        | ApiError::BadRequest(_)
        | ApiError::RouteNotFound { .. }
        | ApiError::MethodNotAllowed { .. }
        | ApiError::UnsupportedMediaType
        | ApiError::EncodedBody { .. }
        | ApiError::PayloadTooLarge { .. } => "invalid_request_error",
        ApiError::RateLimited { .. } | ApiError::QueueFull { .. } => "rate_limit_error",
        ApiError::Overloaded { .. }
        | ApiError::Unavailable { .. }
        | ApiError::ModelUnavailable { .. }
        | ApiError::Timeout
        | ApiError::DeadlineExceeded { .. }
        | ApiError::UpstreamSilent { .. }
        | ApiError::UpstreamFailed { .. }
        | ApiError::Internal => "server_error",
    }
}
