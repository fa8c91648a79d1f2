//! A request's body, put together from what the gateway sends: all of it with `go`, or parts that are asked for.

use std::hash::{DefaultHasher, Hasher};

use bytes::{Bytes, BytesMut};

/// Bytes at either end of a body by which it is told from others.
const TOLD_BY: usize = 4096;

pub struct Body {
    len: u64,
    first: Bytes,
    more: BytesMut,
}

impl Body {
    pub fn new(len: u64, first: Bytes) -> Self {
        Self { len, first, more: BytesMut::new() }
    }

    /// Bytes that are here.
    pub fn have(&self) -> u64 {
        (self.first.len() + self.more.len()) as u64
    }

    pub fn lacks(&self) -> bool {
        self.have() < self.len
    }

    /// Whether there was anything new in it.
    pub fn add(&mut self, from: u64, bytes: &[u8]) -> bool {
        let known = self.have().checked_sub(from).and_then(|known| usize::try_from(known).ok());
        match known.and_then(|known| bytes.get(known..)) {
            Some(new) if !new.is_empty() => {
                self.more.extend_from_slice(new);
                true
            }
            Some(_) | None => false,
        }
    }

    /// All of it, once it is here; not copied if it came at once.
    pub fn whole(&mut self) -> Option<Bytes> {
        if self.lacks() {
            return None;
        }
        if !self.more.is_empty() {
            let mut whole = BytesMut::with_capacity(self.first.len() + self.more.len());
            whole.extend_from_slice(&self.first);
            whole.unsplit(self.more.split());
            self.first = whole.freeze();
        }
        Some(self.first.clone())
    }
}

/// Of its length and both its ends: of a long body that would take longer than it is worth.
pub fn fingerprint(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_usize(body.len());
    hasher.write(&body[..body.len().min(TOLD_BY)]);
    hasher.write(&body[body.len().saturating_sub(TOLD_BY)..]);
    hasher.finish()
}

#[cfg(test)]
mod spec {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_that_comes_at_once_is_not_copied() {
        let bytes = Bytes::from_static(b"{}");
        assert_eq!(Body::new(2, bytes.clone()).whole().unwrap().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn bodies_are_told_by_their_ends_and_their_length() {
        let long = |end: &str| format!("{}{end}", "x".repeat(10_000));
        assert_eq!(fingerprint(b"{}"), fingerprint(b"{}"));
        assert_ne!(fingerprint(b"{}"), fingerprint(b"[]"));
        assert_ne!(fingerprint(long("a").as_bytes()), fingerprint(long("b").as_bytes()));
        assert_ne!(fingerprint(long("").as_bytes()), fingerprint(long("x").as_bytes()));
    }

    proptest! {
        #[test]
        fn parts_make_the_whole_however_often_they_come(
            bytes in prop::collection::vec(any::<u8>(), 1..400),
            first in 0..400_usize,
            parts in prop::collection::vec((0..400_usize, 0..90_usize), 0..30),
        ) {
            let bytes = Bytes::from(bytes);
            let slice = |from: usize, len: usize| {
                let from = from.min(bytes.len());
                (from as u64, bytes.slice(from..(from + len).min(bytes.len())))
            };
            let mut body = Body::new(bytes.len() as u64, slice(0, first).1);
            for (from, len) in parts {
                let (from, part) = slice(from, len);
                body.add(from, &part);
            }
            while body.lacks() {
                let (from, part) = slice(usize::try_from(body.have()).unwrap(), 37);
                prop_assert!(body.add(from, &part));
            }
            prop_assert_eq!(body.whole().unwrap(), bytes);
        }
    }
}
