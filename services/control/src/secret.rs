//! What lets in whoever knows it: keys that are made here and shown once, passwords that somebody typed. Never kept,
//! and in no log line: neither `Debug` nor JSON show what it is.

use std::{borrow::Cow, fmt};

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use rand::{TryRng, rngs::SysRng};
use serde_json::Value;

use crate::problem::Problem;

const API_KEY: &str = "sk-uplion-";
const BYTES: usize = 32;

#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Of an API key, from the operating system's randomness.
    pub fn mint() -> Result<Self, Problem> {
        Self::minted(API_KEY)
    }

    /// Of anything else whose secrets start in a way of their own.
    pub fn minted(prefix: &str) -> Result<Self, Problem> {
        let mut bytes = [0; BYTES];
        let filled = SysRng.try_fill_bytes(&mut bytes);
        filled.map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Self::of(prefix, bytes))
    }

    pub fn given(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn of(prefix: &str, bytes: [u8; BYTES]) -> Self {
        Self(format!("{prefix}{}", base62(bytes)))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// In the API's document it is a text that is only ever sent.
impl Type for Secret {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string_password".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let text = MetaSchema::new_with_format("string", "password");
        MetaSchemaRef::Inline(Box::new(MetaSchema { write_only: true, ..text }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Secret {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            Some(Value::String(text)) => Ok(Self(text)),
            // The value itself is not repeated: it may be a secret in the wrong place.
            Some(_) | None => Err(ParseError::custom("a text is expected here")),
        }
    }
}

/// Absent: what is remembered of a command, its fingerprint, is not made of its secrets.
impl ToJSON for Secret {
    fn to_json(&self) -> Option<Value> {
        None
    }
}

/// Letters and digits only, so that a double click selects all of it.
fn base62(mut number: [u8; BYTES]) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // 62^43 > 2^256.
    const LENGTH: usize = 43;
    let mut digits = [0; LENGTH];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let dividend = (remainder << 8) | u16::from(*byte);
            *byte = u8::try_from(dividend / 62).expect("a remainder below 62 leaves a byte");
            remainder = dividend % 62;
        }
        *digit = DIGITS[usize::from(remainder)];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_word_of_fixed_length() {
        for bytes in [[0; BYTES], [0xff; BYTES]] {
            let secret = Secret::of(API_KEY, bytes);
            assert_eq!(secret.reveal().len(), API_KEY.len() + 43);
            assert!(secret.reveal()[API_KEY.len()..].bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn a_secret_is_shown_by_neither_debug_nor_json() {
        let secret = Secret::given("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.to_json(), None);
        let wrong = Secret::parse_from_json(Some(serde_json::json!({ "p": "hunter2" })));
        assert!(!wrong.unwrap_err().message().contains("hunter2"));
    }

    #[test]
    fn every_byte_counts() {
        let mut seen = std::collections::BTreeSet::new();
        for place in 0..BYTES {
            let mut bytes = [0; BYTES];
            bytes[place] = 1;
            seen.insert(Secret::of(API_KEY, bytes).reveal().to_owned());
        }
        assert_eq!(seen.len(), BYTES);
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(Secret::mint().unwrap().reveal(), Secret::mint().unwrap().reveal());
    }
}
