//! What an upstream said when it failed: its client gets it, if no other upstream does better.

use bytes::Bytes;

/// Bytes. Who explains at greater length is cut short.
pub const MAX_UPSTREAM_WORDS: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamWords {
    pub status: u16,
    pub content_type: String,
    /// Its `Retry-After`.
    pub retry_after_s: Option<u32>,
    pub body: Bytes,
}

impl UpstreamWords {
    /// The same with what is too long cut: it is held while others are tried.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.body.truncate(MAX_UPSTREAM_WORDS);
        self
    }
}
