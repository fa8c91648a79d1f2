//! Why a call was not answered as it was meant to be.

use std::{error::Error as StdError, fmt};

use serde::Deserialize;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{url} is not a URL")]
    Url {
        url: String,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    #[error("{header} is one line of text, without control characters")]
    Header {
        header: &'static str,
        #[source]
        source: reqwest::header::InvalidHeaderValue,
    },
    #[error("control at {url} cannot be reached")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    /// Control said no.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// Something else answers there.
    #[error("{url} answered {status}: is it the control API of UPLION?")]
    NotControl { url: String, status: u16 },
    #[error("control answered what this version does not understand")]
    Unreadable(#[source] serde_json::Error),
}

/// `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    #[serde(default)]
    pub status: u16,
    /// For programs.
    pub code: String,
    /// For people.
    #[serde(default)]
    pub detail: String,
}

impl StdError for Problem {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.code } else { &self.detail })
    }
}

/// The cause at the bottom: `connection refused` rather than `error sending request`.
pub fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
