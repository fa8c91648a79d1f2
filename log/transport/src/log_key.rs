//! The keys under which the log's messages are authenticated: who has one may write events, and nobody else.
//!
//! HMAC-SHA-256. Gateways, control and the projector have the keys; workers do not, and neither does nats-server. The
//! first key signs; all of them verify, so that what an earlier one signed is still believed. A message names the key
//! that it was signed with, and a key's name tells nothing of it.

use std::{fmt, str::FromStr, sync::Arc};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use uplion_domain::{Timestamp, subject::Subject, wire::Encoded};

/// Before the secret: tells people, and scanners, what it is.
const PREFIX: &str = "ulk_";
const SECRET: usize = 32;
/// Of a code: the key's name and the tag.
pub const CODE: usize = NAME + TAG;
const NAME: usize = 4;
const TAG: usize = 32;

/// One key that signs, and all that verify.
#[derive(Clone)]
pub struct LogKeys(Arc<[LogKey]>);

#[derive(Clone)]
struct LogKey {
    name: [u8; NAME],
    /// With the key taken in: a clone signs without doing that again.
    mac: Hmac<Sha256>,
}

/// What a message bears: the name of a key, and the tag under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    key: [u8; NAME],
    tag: [u8; TAG],
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    #[error("a key of the log is {PREFIX} and 64 hex digits: `uplion log key` makes one")]
    Malformed,
    #[error("there is no key of the log in it: `uplion log key` makes one")]
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthentic {
    #[error("it bears no code of a key of this log")]
    Unsigned,
    #[error("it is signed with key {}, which is not among this process's", hex::encode(.0))]
    UnknownKey([u8; NAME]),
    #[error("its code is not that of its bytes: it was forged, changed or replayed")]
    Forged,
}

/// What is signed, so that no message can be taken for one of another place.
#[derive(Debug, Clone, Copy)]
pub enum Signed<'a> {
    /// Events of one process, wherever they lie in their stream.
    Batch { subject: &'a Subject, events: &'a [u8] },
    /// A change, at its one place: `created` tells the stream from others of its name.
    Change { created: Timestamp, sequence: u64, subject: &'a Subject, event: &'a Encoded },
    /// What a gateway gave a worker to keep, for whichever gateway settles in its place.
    Voucher(&'a [u8]),
}

impl LogKeys {
    pub fn sign(&self, what: &Signed<'_>) -> Code {
        let key = &self.0[0];
        Code { key: key.name, tag: key.over(what).finalize().into_bytes().into() }
    }

    pub fn verify(&self, what: &Signed<'_>, code: &Code) -> Result<(), NotAuthentic> {
        let named = self.0.iter().find(|key| key.name == code.key);
        let key = named.ok_or(NotAuthentic::UnknownKey(code.key))?;
        key.over(what).verify_slice(&code.tag).map_err(|_| NotAuthentic::Forged)
    }

    /// Of the key that signs, for people.
    pub fn name(&self) -> String {
        hex::encode(self.0[0].name)
    }
}

impl LogKey {
    fn new(secret: &[u8; SECRET]) -> Self {
        let digest = Sha256::new().chain_update(b"uplion log key name").chain_update(secret);
        let mut name = [0; NAME];
        name.copy_from_slice(&digest.finalize()[..NAME]);
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        Self { name, mac }
    }

    fn over(&self, what: &Signed<'_>) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        match what {
            Signed::Batch { subject, events } => {
                mac.update(b"uplion batch 1\0");
                part(&mut mac, subject.to_string().as_bytes());
                mac.update(events);
            }
            Signed::Change { created, sequence, subject, event } => {
                mac.update(b"uplion change 1\0");
                mac.update(&created.micros().to_be_bytes());
                mac.update(&sequence.to_be_bytes());
                part(&mut mac, subject.to_string().as_bytes());
                mac.update(&event.to_canonical());
            }
            Signed::Voucher(bytes) => {
                mac.update(b"uplion voucher 1\0");
                mac.update(bytes);
            }
        }
        mac
    }
}

/// With its length before it, so that no two lists of parts have the same bytes.
fn part(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

impl Code {
    pub fn to_bytes(self) -> [u8; CODE] {
        let mut bytes = [0; CODE];
        let (key, tag) = bytes.split_at_mut(NAME);
        key.copy_from_slice(&self.key);
        tag.copy_from_slice(&self.tag);
        bytes
    }

    pub fn from_bytes(bytes: &[u8; CODE]) -> Self {
        let (mut key, mut tag) = ([0; NAME], [0; TAG]);
        key.copy_from_slice(&bytes[..NAME]);
        tag.copy_from_slice(&bytes[NAME..]);
        Self { key, tag }
    }
}

/// As a header has it.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl FromStr for Code {
    type Err = NotAuthentic;

    fn from_str(text: &str) -> Result<Self, NotAuthentic> {
        let bytes = hex::decode(text).ok().and_then(|bytes| <[u8; CODE]>::try_from(bytes).ok());
        bytes.map(|bytes| Self::from_bytes(&bytes)).ok_or(NotAuthentic::Unsigned)
    }
}

/// Keys with white space or commas between them, as in a file or a variable. The first one signs.
impl FromStr for LogKeys {
    type Err = LogKeyError;

    fn from_str(text: &str) -> Result<Self, LogKeyError> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',');
        let keys = words.filter(|word| !word.is_empty()).map(|word| {
            let digits = word.strip_prefix(PREFIX);
            let secret = digits.and_then(|digits| hex::decode(digits).ok());
            let secret = secret.and_then(|secret| <[u8; SECRET]>::try_from(secret).ok());
            secret.map(|secret| LogKey::new(&secret)).ok_or(LogKeyError::Malformed)
        });
        let keys: Arc<[LogKey]> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(LogKeyError::None) } else { Ok(Self(keys)) }
    }
}

/// A key as text, made of so many random bytes.
pub fn spell(secret: [u8; SECRET]) -> String {
    format!("{PREFIX}{}", hex::encode(secret))
}

/// Their names alone.
impl fmt::Debug for LogKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| hex::encode(key.name))).finish()
    }
}

#[cfg(test)]
mod tests;
