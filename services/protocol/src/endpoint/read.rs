//! What is read of a client's body.

use super::Forwarding;

/// What a body asks for, as far as the platform must know, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub model: String,
    /// The bound on one answer, in tokens.
    pub most_output: Option<u64>,
    /// How many answers.
    pub n: u64,
    /// Tokens of the prompt, roughly: see [`estimate_tokens`].
    pub prompt_estimate: u64,
    pub labels: Labels,
    /// Whom the client serves with this, in the client's own words.
    pub end_user: Option<String>,
    /// What goes on to the worker.
    pub forwarding: Forwarding,
}

/// The first few of the client's `metadata` that are short enough; whatever else it holds goes to the upstream alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    pub const MOST: usize = 8;
    /// Bytes.
    pub const LONGEST_KEY: usize = 64;
    /// Bytes.
    pub const LONGEST_VALUE: usize = 256;

    /// Of a key given twice, the first value is kept.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        let fits = !key.is_empty()
            && key.len() <= Self::LONGEST_KEY
            && value.len() <= Self::LONGEST_VALUE
            && self.0.len() < Self::MOST;
        if fits && self.iter().all(|(known, _)| known != key) {
            self.0.push((key.to_owned(), value.to_owned()));
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Tokens of so many bytes of JSON: a quarter of them, which is near for English and errs upwards by what is
/// punctuation, and downwards for scripts of which a letter is a token. Rounded up. Good enough for limits, and never
/// for a bill.
pub(super) const fn estimate_tokens(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}
