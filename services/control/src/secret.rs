//! The secret of an API key: made here, shown once, never kept.

use std::fmt;

use rand::{TryRng, rngs::SysRng};

const PREFIX: &str = "sk-uplion-";
const BYTES: usize = 32;

pub struct Secret(String);

impl Secret {
    /// From the operating system's randomness.
    pub fn mint() -> anyhow::Result<Self> {
        let mut bytes = [0; BYTES];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: [u8; BYTES]) -> Self {
        Self(format!("{PREFIX}{}", base62(bytes)))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Never what it is.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
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
            let secret = Secret::of(bytes);
            assert_eq!(secret.reveal().len(), PREFIX.len() + 43);
            assert!(secret.reveal()[PREFIX.len()..].bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn every_byte_counts() {
        let mut seen = std::collections::BTreeSet::new();
        for place in 0..BYTES {
            let mut bytes = [0; BYTES];
            bytes[place] = 1;
            seen.insert(Secret::of(bytes).reveal().to_owned());
        }
        assert_eq!(seen.len(), BYTES);
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(Secret::mint().unwrap().reveal(), Secret::mint().unwrap().reveal());
    }
}
