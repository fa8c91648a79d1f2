//! What the built-in demonstration model answers with.

use bytes::Bytes;

/// Seconds since 1970, 2026-01-01; a clock would make answers differ.
pub const CREATED: i64 = 1_767_225_600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demonstration {
    Whole(Bytes),
    /// Events, one a word.
    Stream(Vec<Bytes>),
}
