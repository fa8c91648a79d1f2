//! A message on the wire: version byte, length, JSON, raw bytes.
//!
//! The raw bytes are not part of the JSON, so that neither side escapes or copies them on arrival.

use bytes::{BufMut, Bytes};
use serde::Serialize;

const VERSION: u8 = 1;
/// Version byte and the head's length, big-endian.
const PREFIX: usize = 5;
/// Bytes. What nats-server lets through as a whole message by default.
const MOST_HEAD: usize = 1 << 20;

/// A frame's two parts, both slices of what arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// JSON.
    pub head: Bytes,
    pub raw: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("frame ends before its head does")]
    Truncated,
    #[error("frame is of version {0}, which this version does not know")]
    UnknownVersion(u8),
    #[error("frame has a head of {0} bytes, more than any head of ours")]
    HeadTooLong(usize),
}

impl Frame {
    pub fn encode(head: &impl Serialize, raw: &[u8]) -> Bytes {
        Self::encode_parts(head, &[raw])
    }

    /// The raw bytes in pieces, which follow each other without a seam.
    pub fn encode_parts(head: &impl Serialize, raw: &[&[u8]]) -> Bytes {
        // No head of ours takes more than this, unless a name in it is very long.
        let mut frame =
            Vec::with_capacity(PREFIX + 256 + raw.iter().map(|part| part.len()).sum::<usize>());
        frame.put_bytes(VERSION, 1);
        frame.put_bytes(0, PREFIX - 1);
        serde_json::to_writer(&mut frame, head).expect("structs of strings and numbers are JSON");
        let length = u32::try_from(frame.len() - PREFIX).expect("a head of ours is short");
        frame[1..PREFIX].copy_from_slice(&length.to_be_bytes());
        for part in raw {
            frame.extend_from_slice(part);
        }
        frame.into()
    }

    pub fn decode(mut frame: Bytes) -> Result<Self, FrameError> {
        match frame.first() {
            Some(&VERSION) => {}
            Some(&unknown) => return Err(FrameError::UnknownVersion(unknown)),
            None => return Err(FrameError::Truncated),
        }
        let length = frame.get(1..PREFIX).ok_or(FrameError::Truncated)?;
        let length = u32::from_be_bytes(length.try_into().expect("a slice of four bytes")) as usize;
        if length > MOST_HEAD {
            return Err(FrameError::HeadTooLong(length));
        }
        let end = PREFIX + length;
        if frame.len() < end {
            return Err(FrameError::Truncated);
        }
        let raw = frame.split_off(end);
        Ok(Self { head: frame.split_off(PREFIX), raw })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decoding_copies_nothing() {
        let frame = Frame::encode(&"head", b"raw bytes");
        let decoded = Frame::decode(frame.clone()).unwrap();
        assert_eq!(decoded.head, r#""head""#);
        assert!(frame.as_ptr_range().contains(&decoded.raw.as_ptr()));
    }

    #[test]
    fn a_head_longer_than_any_of_ours_is_refused_before_it_is_awaited() {
        let frame = Bytes::from_static(&[1, 0xff, 0xff, 0xff, 0xff, b'{']);
        assert_eq!(Frame::decode(frame), Err(FrameError::HeadTooLong(u32::MAX as usize)));
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_as_itself(head: String, raw: Vec<u8>) {
            let decoded = Frame::decode(Frame::encode(&head, &raw)).unwrap();
            prop_assert_eq!(serde_json::from_slice::<String>(&decoded.head).unwrap(), head);
            prop_assert_eq!(decoded.raw, raw);
        }

        #[test]
        fn a_frame_cut_short_is_refused_or_lacks_raw_bytes_only(head: String, cut: prop::sample::Index) {
            let frame = Frame::encode(&head, b"");
            let cut = cut.index(frame.len());
            prop_assert_eq!(Frame::decode(frame.slice(..cut)), Err(FrameError::Truncated));
        }

        #[test]
        fn foreign_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Frame::decode(bytes.into());
        }

        #[test]
        fn foreign_bytes_behind_our_version_are_read_or_refused(mut bytes: Vec<u8>) {
            bytes.insert(0, VERSION);
            let _ = Frame::decode(bytes.into());
        }
    }
}
