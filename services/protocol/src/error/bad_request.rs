//! What is wrong with a body, named by its parameter.

use crate::Malformed;

/// Why a body asks for nothing that could be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error("the body is not valid JSON: {0}")]
    NotJson(#[from] Malformed),
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("the body ended early, or its chunks cannot be read")]
    Broken,
    #[error("missing required parameter: '{param}'")]
    Missing { param: &'static str },
    #[error("'{param}' is given twice")]
    Duplicate { param: &'static str },
    #[error("invalid type for '{param}': expected {expected}")]
    WrongType { param: &'static str, expected: &'static str },
    #[error("invalid value for '{param}': expected {expected}")]
    OutOfRange { param: &'static str, expected: &'static str },
}

impl BadRequest {
    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Self::NotJson(_) | Self::NotAnObject | Self::Broken => None,
            Self::Missing { param }
            | Self::Duplicate { param }
            | Self::WrongType { param, .. }
            | Self::OutOfRange { param, .. } => Some(param),
        }
    }

    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) | Self::NotAnObject => "invalid_json",
            Self::Broken => "malformed_request",
            Self::Missing { .. } => "missing_required_parameter",
            Self::Duplicate { .. } => "duplicate_parameter",
            Self::WrongType { .. } => "invalid_type",
            Self::OutOfRange { .. } => "invalid_value",
        }
    }
}
