//! Errors in the shape that `Anthropic`'s SDKs turn into their exceptions.

use bytes::Bytes;
use serde_json::json;

use super::ApiError;

pub(crate) fn body(error: &ApiError) -> Bytes {
    let (kind, message) = (kind(error), error.to_string());
    json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string().into()
}

const fn kind(error: &ApiError) -> &'static str {
    match error {
        ApiError::BadRequest(_)
        | ApiError::MethodNotAllowed { .. }
        | ApiError::UnsupportedMediaType
        | ApiError::EncodedBody { .. } => "invalid_request_error",
        ApiError::MissingApiKey | ApiError::InvalidApiKey { .. } => "authentication_error",
        ApiError::ModelNotFound { .. } | ApiError::RouteNotFound { .. } => "not_found_error",
        ApiError::PayloadTooLarge { .. } => "request_too_large",
        ApiError::RateLimited { .. } | ApiError::QueueFull { .. } => "rate_limit_error",
        ApiError::Overloaded { .. }
        | ApiError::Unavailable { .. }
        | ApiError::ModelUnavailable { .. } => "overloaded_error",
        ApiError::Timeout | ApiError::DeadlineExceeded { .. } | ApiError::UpstreamSilent { .. } => {
            "timeout_error"
        }
        ApiError::UpstreamFailed { .. } | ApiError::Internal => "api_error",
    }
}
