//! Whether an upstream is asked for the usage of its streams.

use std::{fmt, str::FromStr};

/// Whether requests to an upstream bear `stream_options.include_usage`, which some refuse and most need to report usage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StreamOptions {
    /// Until it refuses them: then not, for some hours.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stream_options: auto, always or never is expected, not {0:?}")]
pub struct UnknownStreamOptions(pub String);

impl StreamOptions {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// As it is written down; none for what goes without saying.
    pub fn written(self) -> Option<String> {
        (self != Self::default()).then(|| self.to_string())
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for StreamOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for StreamOptions {
    type Err = UnknownStreamOptions;

    fn from_str(text: &str) -> Result<Self, UnknownStreamOptions> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| UnknownStreamOptions(text.to_owned()))
    }
}
