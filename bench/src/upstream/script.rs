//! What a request wants to be answered.

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Pieces of text; each counts as one token.
    pub chunks: u32,
    /// Bytes of text in each.
    pub chunk_bytes: usize,
    /// Bytes beside the text in each chunk of a stream, that nobody counts as tokens.
    pub padding_bytes: usize,
    /// Before the answer's head.
    pub delay_ms: u64,
    /// Between the head and the first chunk of a stream.
    pub first_chunk_ms: u64,
    /// Between the chunks of a stream.
    pub pace_ms: u64,
    /// Anything but 200 is an error in OpenAI's shape.
    pub status: u16,
    /// The error's `code`.
    pub code: Option<String>,
    /// The header of an error.
    pub retry_after_s: Option<u32>,
    /// After this many chunks nothing more comes, and the connection stays open. Not streamed: no head.
    pub hang_after: Option<u32>,
    /// After this many chunks the connection breaks. Not streamed: in the middle of the body.
    pub cut_after: Option<u32>,
    /// An upstream that reports no usage, even if asked to.
    pub no_usage: bool,
    /// A comment before each chunk.
    pub keepalive_comments: bool,
    /// The stream ends without `[DONE]`.
    pub no_done: bool,
    /// The stream's bytes come in pieces of this size, whatever they cut through.
    pub split_bytes: Option<usize>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            chunks: 20,
            chunk_bytes: 6,
            padding_bytes: 0,
            delay_ms: 0,
            first_chunk_ms: 0,
            pace_ms: 0,
            status: 200,
            code: None,
            retry_after_s: None,
            hang_after: None,
            cut_after: None,
            no_usage: false,
            keepalive_comments: false,
            no_done: false,
            split_bytes: None,
        }
    }
}
