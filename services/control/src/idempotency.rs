//! Idempotency keys: a command that is sent again under one is carried out once. What is kept to recognise it.
//!
//! Digests only, because a command may hold a password or an address. But the digest of a password is something to try
//! passwords with, far faster than with the hash that is kept of it. So it is made with what is not in the database.

use sha2::{Digest, Sha256};

/// A command, as a digest from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command([u8; 32]);

/// What the caller named the command, and the command: as digests from the start.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    key: String,
    command: [u8; 32],
}

/// Made from the installation's first admin key. With another one, commands from before are taken for other commands.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl Command {
    /// `operation`: which it is, and on what.
    pub fn of(operation: &str, body: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(format!("{operation}\n")).chain_update(body);
        Self(digest.finalize().into())
    }
}

impl IdempotencyKey {
    pub fn new(key: &str, Command(command): &Command) -> Self {
        let command = Sha256::new().chain_update(format!("{key}\n")).chain_update(command);
        let command = command.finalize().into();
        Self { key: hex::encode(Sha256::digest(key.as_bytes())), command }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// What the command is recognised by.
    pub fn fingerprint(&self, FingerprintKey(fingerprint_key): &FingerprintKey) -> String {
        hex::encode(
            Sha256::new().chain_update(fingerprint_key).chain_update(self.command).finalize(),
        )
    }
}

impl FingerprintKey {
    pub fn of(admin_key: &str) -> Self {
        Self(Sha256::digest(format!("fingerprints of commands\n{admin_key}").as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_recognised_by_its_key_its_text_and_the_fingerprint_key() {
        let of = |key: &str, command: &str, admin_key: &str| {
            IdempotencyKey::new(key, &Command::of(command, b""))
                .fingerprint(&FingerprintKey::of(admin_key))
        };
        let one = of("one", "create", "secret");
        assert_eq!(one, of("one", "create", "secret"));
        for other in [
            of("two", "create", "secret"),
            of("one", "close", "secret"),
            of("one", "create", "another"),
        ] {
            assert_ne!(one, other);
        }
    }
}
