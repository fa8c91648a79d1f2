//! Names that people give to projects, keys, models and themselves: what may be in one, and when two are the same.
//!
//! A name is kept as it was written, without white space at its ends and in one normal form (NFC). Two names that
//! differ in upper and lower case alone are the same name.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

use crate::id;

/// Why a text can be nobody's name, as the end of a sentence that begins with whose it would have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("has 1 to {0}")]
    Length(Most),
    #[error("has no character that cannot be seen or that turns the writing around, like U+{:04X}", *.0 as u32)]
    Unprintable(char),
    #[error("is not written like an id: {0}")]
    AnId(String),
    #[error("is neither . nor .., which paths read as something else")]
    Dots,
}

/// How long a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    Characters(usize),
    Bytes(usize),
}

/// The name that is meant by `text`.
pub fn given(text: &str, most: Most) -> Result<String, Unusable> {
    let name = normal(text);
    let length = match most {
        Most::Characters(_) => name.chars().count(),
        Most::Bytes(_) => name.len(),
    };
    let (Most::Characters(longest) | Most::Bytes(longest)) = most;
    if !(1..=longest).contains(&length) {
        return Err(Unusable::Length(most));
    }
    if let Some(unprintable) = name.chars().find(|character| !is_printable(*character)) {
        return Err(Unusable::Unprintable(unprintable));
    }
    if id::is_one(&key(&name)) {
        return Err(Unusable::AnId(name));
    }
    if name == "." || name == ".." {
        return Err(Unusable::Dots);
    }
    Ok(name)
}

/// Without white space at the ends, composed.
pub fn normal(text: &str) -> String {
    ComposingNormalizer::new_nfc().normalize(text.trim()).into_owned()
}

/// Two texts with the same key are the same name.
pub fn key(name: &str) -> String {
    let name = normal(name);
    if name.is_ascii() {
        return words(&name.to_ascii_lowercase());
    }
    words(&normal(&CaseMapper::new().fold_string(&name)))
}

/// Whatever white space is between them, and however much.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a person sees it, and a terminal only shows it: no control character, nothing without a width of its own,
/// nothing that changes the direction of what stands around it.
pub fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    !ignorable
        && !matches!(
            category,
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Surrogate
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
}

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Characters(most) => write!(f, "{most} characters"),
            Self::Bytes(most) => write!(f, "{most} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ProjectId;

    fn read(text: &str) -> Result<String, Unusable> {
        given(text, Most::Characters(40))
    }

    #[test]
    fn a_name_is_kept_as_it_was_written_trimmed_and_composed() {
        for (text, name) in [
            ("Physics", "Physics"),
            (" \tPhysics II\u{3000}", "Physics II"),
            ("Phe\u{301}nix", "Ph\u{e9}nix"),
            ("量子", "量子"),
            ("say \"hi\" \\ o/", "say \"hi\" \\ o/"),
            ("🦙", "🦙"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_in_no_name() {
        for hidden in [
            '\0',
            '\u{7}',
            '\u{1b}',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffff}',
            '\u{e0041}',
        ] {
            let found = read(&format!("a{hidden}b"));
            assert_eq!(found, Err(Unusable::Unprintable(hidden)), "{:04X}", hidden as u32);
        }
    }

    #[test]
    fn a_name_is_never_the_id_of_something_nor_a_step_in_a_path() {
        let id = ProjectId::new(uuid::Uuid::from_u128(7)).to_string();
        for text in
            [id.clone(), id.to_uppercase(), id.replace("prj", "key"), id.replace("prj", "evt")]
        {
            assert!(matches!(read(&text), Err(Unusable::AnId(_))), "{text}");
        }
        for text in [".", "..", " .. "] {
            assert_eq!(read(text), Err(Unusable::Dots), "{text}");
        }
        for text in ["prj_7", "prj", "...", &id.replace("prj", "xyz")] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_name_has_one_character_at_least_and_no_more_than_it_may() {
        for text in ["", " ", "\t\u{3000}", &"ü".repeat(41)] {
            assert_eq!(read(text), Err(Unusable::Length(Most::Characters(40))), "{text:?}");
        }
        assert!(read(&"ü".repeat(40)).is_ok());
        let bytes = given(&"ü".repeat(21), Most::Bytes(40)).unwrap_err();
        assert_eq!(bytes.to_string(), "has 1 to 40 bytes");
    }

    #[test]
    fn names_that_differ_in_case_alone_are_one() {
        for (one, other) in [
            ("Physics", "pHYSICS"),
            ("ÄÖÜ", "äöü"),
            ("Straße", "STRASSE"),
            ("ΣΑΣ", "σας"),
            ("Phe\u{301}nix", "PH\u{c9}NIX"),
            ("a\u{3000}b", "A  b"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        assert_ne!(key("physics"), key("physik"));
    }

    proptest! {
        #[test]
        fn a_name_stays_as_it_is_and_so_does_its_key(text: String) {
            if let Ok(name) = read(&text) {
                prop_assert_eq!(read(&name), Ok(name.clone()));
                prop_assert_eq!(key(&key(&name)), key(&name));
                prop_assert_eq!(key(&text), key(&name));
            }
        }
    }
}
