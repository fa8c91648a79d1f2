//! Whom a client serves, under a key that only gateways have.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uplion_domain::{EndUserDigest, ProjectId};

/// Digests what clients call their end users. It is in no event: without it nobody tells from the log who they are.
#[derive(Clone)]
pub struct EndUserKey(Hmac<Sha256>);

impl EndUserKey {
    pub fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length"))
    }

    /// Of the same end user the same for ever, and of one of another project another.
    pub fn digest(&self, project: ProjectId, end_user: &str) -> EndUserDigest {
        let mut mac = self.0.clone();
        mac.update(project.uuid().as_bytes());
        mac.update(end_user.as_bytes());
        EndUserDigest::new(mac.finalize().into_bytes().into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key for end users has at least {SHORTEST} bytes; take a random one")]
pub struct TooShort;

/// Bytes. Who could guess the key could guess end users.
const SHORTEST: usize = 16;

/// As a flag has it.
impl FromStr for EndUserKey {
    type Err = TooShort;

    fn from_str(secret: &str) -> Result<Self, TooShort> {
        if secret.len() < SHORTEST { Err(TooShort) } else { Ok(Self::new(secret)) }
    }
}

impl fmt::Debug for EndUserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndUserKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn digest(key: &str, project: u128, end_user: &str) -> String {
        let project = ProjectId::new(Uuid::from_u128(project));
        EndUserKey::new(key).digest(project, end_user).to_string()
    }

    #[test]
    fn an_end_user_is_told_apart_by_key_and_project() {
        let ada = digest("key", 1, "ada");
        assert_eq!(ada, digest("key", 1, "ada"));
        let others = [digest("other", 1, "ada"), digest("key", 2, "ada"), digest("key", 1, "eve")];
        assert!(others.iter().all(|other| *other != ada));
    }

    #[test]
    fn a_key_is_too_long_to_be_guessed() {
        assert!("0123456789abcdef".parse::<EndUserKey>().is_ok());
        assert_eq!("".parse::<EndUserKey>().err(), Some(TooShort));
    }

    #[test]
    fn the_digest_is_hmac_sha256_of_project_and_end_user() {
        assert_eq!(
            digest("key", 0, ""),
            "8d7bc0f5c3eee3d89e57dfe54ad251b55fc59e6c2e8387c0889a151a310b552d"
        );
    }
}
