//! The name of a model, as clients write it.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// `llama-3.1`, `org/model`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelName(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a model name: use 1 to {MAX_NAME} printable ASCII characters without spaces or quotes"
)]
pub struct UnusableName(pub String);

/// Bytes.
pub const MAX_NAME: usize = 128;

impl ModelName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = UnusableName;

    fn from_str(text: &str) -> Result<Self, UnusableName> {
        let usable = (1..=MAX_NAME).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        if usable { Ok(Self(text.into())) } else { Err(UnusableName(text.to_owned())) }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for ModelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_clients_can_write() {
        for name in ["llama-3.1", "org/model:7b", "a*>b"] {
            assert!(name.parse::<ModelName>().is_ok(), "{name}");
        }
        for name in ["", "a b", "a\"b", "ü", &"x".repeat(MAX_NAME + 1)] {
            assert!(name.parse::<ModelName>().is_err(), "{name}");
        }
    }
}
