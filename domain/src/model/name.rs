//! The name of a model, as clients write it.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use crate::name::{self, Most, Unusable};

/// `llama-3.1`, `org/model`, `Qwen 2.5 (vision)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelName(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a model name: such a name {why}")]
pub struct UnusableName {
    pub text: String,
    pub why: Unusable,
}

/// Bytes: it is in subjects.
pub const MAX_NAME: usize = 128;

impl ModelName {
    /// A name that somebody gives to a model. What is read already has one by [`FromStr`], which asks for less: it
    /// reads what other versions wrote, whatever they know of characters.
    pub fn given(text: &str) -> Result<Self, UnusableName> {
        match name::given(text, Most::Bytes(MAX_NAME)) {
            Ok(name) => Ok(Self(name.into())),
            Err(why) => Err(UnusableName { text: text.to_owned(), why }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = UnusableName;

    fn from_str(text: &str) -> Result<Self, UnusableName> {
        let unusable = |why| UnusableName { text: text.to_owned(), why };
        let name: Arc<str> =
            if text.is_ascii() { text.trim().into() } else { name::normal(text).into() };
        if !(1..=MAX_NAME).contains(&name.len()) {
            return Err(unusable(Unusable::Length(Most::Bytes(MAX_NAME))));
        }
        match name.chars().find(|character| character.is_control()) {
            Some(control) => Err(unusable(Unusable::Unprintable(control))),
            None => Ok(Self(name)),
        }
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
        for name in
            ["llama-3.1", "org/model:7b", "a*>b", "GPT 4 (large)", "a\"b\\c", "通义千问", "Émile"]
        {
            assert_eq!(ModelName::given(name).unwrap().as_str(), name);
            assert_eq!(name.parse::<ModelName>().unwrap().as_str(), name);
        }
        for name in ["", "  ", "a\nb", "a\u{1b}[2Jb", "a\u{85}b", &"ü".repeat(MAX_NAME / 2 + 1)] {
            assert!(name.parse::<ModelName>().is_err(), "{name:?}");
            assert!(ModelName::given(name).is_err(), "{name:?}");
        }
        for hidden in ["a\u{200b}b", "a\u{202e}b", "prj_00000000000000000000000000000007", ".."] {
            assert!(ModelName::given(hidden).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn two_ways_to_write_the_same_characters_are_one_name() {
        let read = |text: &str| text.parse::<ModelName>().unwrap();
        assert_eq!(read(" E\u{301}mile "), read("\u{c9}mile"));
        assert_eq!(read("a "), read("a"));
    }
}
