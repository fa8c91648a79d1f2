//! A message of TRAFFIC or WORKERS: events of one writer, in order, appended and acknowledged together.
//!
//! A version byte; in version 2 the code that authenticates the events; then each event's canonical bytes, with their
//! length before them: four bytes, the highest first.

use bytes::{BufMut, Bytes};
use uplion_domain::{
    subject::Subject,
    wire::{Encoded, canonical::CanonicalError},
};

use crate::log_key::{CODE, Code, LogKeys, NotAuthentic, Signed};

const UNSIGNED: u8 = 1;
const SIGNED: u8 = 2;
/// Before the first event of a signed batch.
const SIGNED_HEAD: usize = 1 + CODE;
/// Before each event: its length.
const LENGTH: usize = 4;

/// One more goes into the next message.
pub const MAX_BATCH_EVENTS: usize = 1_024;
/// Half of what nats-server lets through as one message by default; more goes into the next message.
pub const MAX_BATCH_BYTES: usize = 512 << 10;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("a batch of version {0} is from a later version than this")]
    UnknownVersion(u8),
    #[error("a batch without events")]
    Empty,
    #[error("a batch is cut off")]
    Truncated,
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    #[error("event {index} of a batch cannot be read")]
    Event { index: usize, source: CanonicalError },
}

/// How the batches of a stream are signed: under which keys, and as messages of which subject.
#[derive(Debug, Clone)]
pub struct Seal {
    pub keys: LogKeys,
    pub subject: Subject,
}

/// A message's payload while it is put together.
#[derive(Debug)]
pub struct BatchBuilder {
    payload: Vec<u8>,
    events: usize,
    seal: Option<Seal>,
}

impl BatchBuilder {
    pub fn new(seal: Option<Seal>) -> Self {
        let payload = match seal {
            Some(_) => [&[SIGNED][..], &[0; CODE]].concat(),
            None => vec![UNSIGNED],
        };
        Self { payload, events: 0, seal }
    }

    /// Whether an event of so many canonical bytes still goes into this message. The first one always does.
    pub fn has_room_for(&self, event: usize) -> bool {
        let fits = self.payload.len() + LENGTH + event <= MAX_BATCH_BYTES;
        self.events == 0 || (self.events < MAX_BATCH_EVENTS && fits)
    }

    /// An event, as canonical bytes.
    pub fn push(&mut self, event: &[u8]) {
        let length = u32::try_from(event.len()).expect("no event takes four gigabytes");
        self.payload.put_u32(length);
        self.payload.extend_from_slice(event);
        self.events += 1;
    }

    pub fn build(self) -> Bytes {
        let Self { mut payload, events: _, seal } = self;
        if let Some(Seal { keys, subject }) = &seal {
            let (head, events) = payload.split_at_mut(SIGNED_HEAD);
            let code = keys.sign(&Signed::Batch { subject, events });
            head[1..].copy_from_slice(&code.to_bytes());
        }
        payload.into()
    }
}

/// All of these as one message, however many.
pub fn encode<'a>(events: impl IntoIterator<Item = &'a Encoded>, seal: Option<Seal>) -> Bytes {
    let mut batch = BatchBuilder::new(seal);
    for event in events {
        batch.push(&event.to_canonical());
    }
    batch.build()
}

/// At least one event. Whatever is wrong with one of them is wrong with the whole message. With a seal only what was
/// signed under it is read; without one everything is.
pub fn decode(payload: &[u8], seal: Option<&Seal>) -> Result<Vec<Encoded>, BatchError> {
    let mut rest = authentic(payload, seal)?;
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<LENGTH>().ok_or(BatchError::Truncated)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (event, after) = after.split_at_checked(length).ok_or(BatchError::Truncated)?;
        let index = events.len();
        let event = Encoded::from_canonical(event);
        events.push(event.map_err(|source| BatchError::Event { index, source })?);
        rest = after;
    }
    if events.is_empty() { Err(BatchError::Empty) } else { Ok(events) }
}

/// The bytes of the events.
fn authentic<'a>(payload: &'a [u8], seal: Option<&Seal>) -> Result<&'a [u8], BatchError> {
    let (version, rest) = payload.split_first().ok_or(BatchError::Empty)?;
    match (*version, seal) {
        (UNSIGNED, None) => Ok(rest),
        (UNSIGNED, Some(_)) => Err(NotAuthentic::Unsigned.into()),
        (SIGNED, seal) => {
            let (code, events) = rest.split_first_chunk::<CODE>().ok_or(BatchError::Truncated)?;
            if let Some(Seal { keys, subject }) = seal {
                keys.verify(&Signed::Batch { subject, events }, &Code::from_bytes(code))?;
            }
            Ok(events)
        }
        (other, _) => Err(BatchError::UnknownVersion(other)),
    }
}

#[cfg(test)]
mod tests;
