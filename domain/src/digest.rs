//! Digests: all that the log, the store and the gateways ever see of an API key's secret and of an end user's name.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

/// SHA-256 of the secret. Secrets are random and long, so a slow hash would add nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct UnknownDigest;

impl KeyDigest {
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A keyed digest of what a client calls its end user: tells usage apart, and nobody's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndUserDigest([u8; 32]);

impl EndUserDigest {
    /// HMAC-SHA256 under the installation's key, made where that key is.
    pub const fn new(mac: [u8; 32]) -> Self {
        Self(mac)
    }
}

impl fmt::Display for EndUserDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for EndUserDigest {
    type Err = UnknownDigest;

    fn from_str(text: &str) -> Result<Self, UnknownDigest> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| UnknownDigest)?;
        Ok(Self(digest))
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for KeyDigest {
    type Err = UnknownDigest;

    fn from_str(text: &str) -> Result<Self, UnknownDigest> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| UnknownDigest)?;
        Ok(Self(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_as_itself() {
        let digest = KeyDigest::of("sk-secret");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("sk-secret".parse::<KeyDigest>(), Err(UnknownDigest));
        let end_user = EndUserDigest::new([7; 32]);
        assert_eq!(end_user.to_string().parse(), Ok(end_user));
    }
}
