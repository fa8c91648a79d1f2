//! The canonical bytes of an event: the one way to write it down, for ever. What a batch holds, and what a seal covers.
//!
//! A version byte; then id, type, time, traceparent, actor, request id and payload. Texts and the payload have their
//! length before them, four bytes, the highest first; the time is eight bytes, µs since 1970, the same way; what may be
//! missing has a byte before it that is 0 if it is, and 1 if it is not.

use super::Encoded;
use crate::{EventId, Timestamp};

const VERSION: u8 = 1;
/// What surrounds the texts, if nothing is missing.
const FRAME: usize = 1 + 4 * 6 + 8 + 3;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    #[error("bytes of version {0} are from a later version than this")]
    UnknownVersion(u8),
    #[error("an event is cut off")]
    Truncated,
    #[error("something follows the event")]
    TooLong,
    #[error("a text of an event is not UTF-8")]
    NotText(#[from] std::str::Utf8Error),
    #[error("{0} says neither that something is there nor that it is missing")]
    NeitherThereNorMissing(u8),
}

impl Encoded {
    pub fn to_canonical(&self) -> Vec<u8> {
        let Self { id, kind, at, traceparent, actor, request_id, payload } = self;
        let maybe = [traceparent, actor, request_id];
        let texts: usize = maybe.into_iter().flatten().map(String::len).sum();
        let mut bytes =
            Vec::with_capacity(FRAME + id.as_str().len() + kind.len() + texts + payload.len());
        bytes.push(VERSION);
        write(&mut bytes, id.as_str().as_bytes());
        write(&mut bytes, kind.as_bytes());
        bytes.extend_from_slice(&at.micros().to_be_bytes());
        for text in maybe {
            bytes.push(u8::from(text.is_some()));
            if let Some(text) = text {
                write(&mut bytes, text.as_bytes());
            }
        }
        write(&mut bytes, payload);
        bytes
    }

    /// Exactly one event, and nothing behind it.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, CanonicalError> {
        let mut rest = bytes;
        let [version] = take(&mut rest)?;
        if version != VERSION {
            return Err(CanonicalError::UnknownVersion(version));
        }
        let encoded = Self {
            id: EventId::known(text(&mut rest)?),
            kind: text(&mut rest)?,
            at: Timestamp::from_micros(i64::from_be_bytes(take(&mut rest)?)),
            traceparent: maybe_text(&mut rest)?,
            actor: maybe_text(&mut rest)?,
            request_id: maybe_text(&mut rest)?,
            payload: part(&mut rest)?.to_vec(),
        };
        if rest.is_empty() { Ok(encoded) } else { Err(CanonicalError::TooLong) }
    }
}

fn write(bytes: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).expect("an event has no part of four gigabytes");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CanonicalError> {
    let (taken, after) = rest.split_first_chunk().ok_or(CanonicalError::Truncated)?;
    *rest = after;
    Ok(*taken)
}

fn part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], CanonicalError> {
    let length = usize::try_from(u32::from_be_bytes(take(rest)?)).unwrap_or(usize::MAX);
    let (part, after) = rest.split_at_checked(length).ok_or(CanonicalError::Truncated)?;
    *rest = after;
    Ok(part)
}

fn text(rest: &mut &[u8]) -> Result<String, CanonicalError> {
    Ok(str::from_utf8(part(rest)?)?.to_owned())
}

fn maybe_text(rest: &mut &[u8]) -> Result<Option<String>, CanonicalError> {
    match take(rest)? {
        [0] => Ok(None),
        [1] => text(rest).map(Some),
        [other] => Err(CanonicalError::NeitherThereNorMissing(other)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};

    use super::*;

    fn example() -> Encoded {
        Encoded {
            id: EventId::known("evt_7"),
            kind: "uplion.a.v1".into(),
            at: Timestamp::from_micros(258),
            traceparent: None,
            actor: Some("ü".into()),
            request_id: None,
            payload: b"{}".to_vec(),
        }
    }

    #[test]
    fn an_event_has_the_same_bytes_for_ever() {
        let hex = "01\
                   000000056576745f37\
                   0000000b75706c696f6e2e612e7631\
                   0000000000000102\
                   00\
                   0100000002c3bc\
                   00\
                   000000027b7d";
        assert_eq!(hex::encode(example().to_canonical()), hex);
        assert_eq!(Encoded::from_canonical(&hex::decode(hex).unwrap()), Ok(example()));
    }

    #[test]
    fn what_is_not_exactly_one_event_is_refused() {
        let bytes = example().to_canonical();
        for end in 0..bytes.len() {
            assert_eq!(Encoded::from_canonical(&bytes[..end]), Err(CanonicalError::Truncated));
        }
        let longer = [&bytes[..], b"x"].concat();
        assert_eq!(Encoded::from_canonical(&longer), Err(CanonicalError::TooLong));
        let later = [&[2], &bytes[1..]].concat();
        assert_eq!(Encoded::from_canonical(&later), Err(CanonicalError::UnknownVersion(2)));
    }

    proptest! {
        #[test]
        fn an_event_reads_back_as_itself(
            id: String, kind: String, at: i64, traceparent in option::of(any::<String>()),
            actor in option::of(any::<String>()), request_id in option::of(any::<String>()), payload: Vec<u8>,
        ) {
            let at = Timestamp::from_micros(at);
            let id = EventId::known(id);
            let event = Encoded { id, kind, at, traceparent, actor, request_id, payload };
            prop_assert_eq!(Encoded::from_canonical(&event.to_canonical()), Ok(event));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(bytes: Vec<u8>, at in 0..40_usize, byte: u8) {
            let mut changed = example().to_canonical();
            changed[at] = byte;
            for bytes in [bytes, changed] {
                if let Ok(event) = Encoded::from_canonical(&bytes) {
                    prop_assert_eq!(event.to_canonical(), bytes);
                }
            }
        }
    }
}
