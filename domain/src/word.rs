//! An open name: one lower-case word of a set that grows without this crate being changed.
//!
//! Where the words that are known today stand as constants, a word that is not among them is still read, kept and
//! written: what a later version says does not stop an earlier one.

use std::{
    borrow::{Borrow, Cow},
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
};

/// What a word names.
pub trait Kind: 'static {
    /// As it is called in an error: `operation`.
    const NAME: &'static str;
    /// Known today, so that reading one of them allocates nothing.
    const KNOWN: &'static [&'static str];
}

/// A word for one thing of kind `K`: a letter, then letters, digits and underscores, 32 at most.
pub struct Word<K> {
    text: Cow<'static, str>,
    kind: PhantomData<fn() -> K>,
}

pub const MAX_LENGTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind}: a lower-case letter and then up to {} letters, digits or underscores are expected, not {text:?}",
    MAX_LENGTH - 1
)]
pub struct UnusableWord {
    pub text: String,
    pub kind: &'static str,
}

impl<K> Word<K> {
    /// For constants, which `every_known_word_is_one` checks.
    pub(crate) const fn known(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), kind: PhantomData }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl<K: Kind> FromStr for Word<K> {
    type Err = UnusableWord;

    fn from_str(text: &str) -> Result<Self, UnusableWord> {
        if let Some(known) = K::KNOWN.iter().find(|known| **known == text) {
            return Ok(Self::known(known));
        }
        if is_word(text) {
            return Ok(Self { text: Cow::Owned(text.to_owned()), kind: PhantomData });
        }
        Err(UnusableWord { text: text.to_owned(), kind: K::NAME })
    }
}

impl<K> fmt::Display for Word<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl<K> Borrow<str> for Word<K> {
    fn borrow(&self) -> &str {
        &self.text
    }
}

// Written out because a derive would ask the same of `K`, which is never a value.
impl<K> Clone for Word<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}
impl<K> PartialEq for Word<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl<K> Eq for Word<K> {}
impl<K> PartialOrd for Word<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Word<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
impl<K> Hash for Word<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
impl<K> fmt::Debug for Word<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A kind of word, and a constant for each word of it that is known today.
macro_rules! words {
    ($(#[$doc:meta])* $alias:ident, $kind:ident, $name:literal: $($(#[$about:meta])* $constant:ident = $text:literal,)+) => {
        $(#[$doc])*
        pub type $alias = crate::word::Word<$kind>;

        pub enum $kind {}

        impl crate::word::Kind for $kind {
            const NAME: &'static str = $name;
            const KNOWN: &'static [&'static str] = &[$($text),+];
        }

        impl crate::word::Word<$kind> {
            $($(#[$about])* pub const $constant: Self = Self::known($text);)+
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        request::{AttemptOutcome, Mark, Operation, RejectionReason, ServiceTier},
        usage::{Unit, UsageDialect},
    };

    #[test]
    fn a_word_is_lower_case_and_short() {
        for text in ["a", "chat_completion", "v2", &"x".repeat(MAX_LENGTH)] {
            let word: Operation = text.parse().unwrap();
            assert_eq!(word.as_str(), text);
        }
        for text in ["", "Chat", "2d", "_a", "a-b", "a b", "ü", &"x".repeat(MAX_LENGTH + 1)] {
            let error = text.parse::<Operation>().unwrap_err();
            assert!(error.to_string().contains("operation"), "{error}");
        }
    }

    #[test]
    fn every_known_word_is_one() {
        fn check<K: Kind>(_: PhantomData<Word<K>>) {
            for known in K::KNOWN {
                let read: Word<K> = known.parse().unwrap();
                assert!(is_word(known) && matches!(read.text, Cow::Borrowed(_)), "{known}");
            }
        }
        check(PhantomData::<Operation>);
        check(PhantomData::<Unit>);
        check(PhantomData::<AttemptOutcome>);
        check(PhantomData::<Mark>);
        check(PhantomData::<RejectionReason>);
        check(PhantomData::<ServiceTier>);
        check(PhantomData::<UsageDialect>);
    }
}
