//! Who runs what answers for a model.

use std::{fmt, str::FromStr};

use super::Upstream;

/// Who runs what answers for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The installation itself.
    Local,
    /// A provider, or somebody else's server.
    Remote,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of model: it is local or remote")]
pub struct UnknownKind(pub String);

impl Kind {
    /// What a model is that nobody called one or the other.
    pub const fn of(upstreams: &[Upstream]) -> Self {
        if upstreams.is_empty() { Self::Local } else { Self::Remote }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        [Self::Local, Self::Remote]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
