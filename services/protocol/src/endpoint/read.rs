//! What is read of a client's body.

use uplion_domain::request::{Asked, Labels};

use super::Forwarding;

/// What a body asks for, as far as the platform must know, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub model: String,
    /// The bound on one answer, in tokens.
    pub most_output: Option<u64>,
    /// How many answers.
    pub n: u64,
    /// What its usage can be bounded by.
    pub asked: Asked,
    /// Tokens of the prompt, roughly: see [`estimate_tokens`].
    pub prompt_estimate: u64,
    /// The first few of the client's `metadata` that are short enough; the rest is for the upstream alone.
    pub labels: Labels,
    /// Whom the client serves with this, in the client's own words.
    pub end_user: Option<String>,
    /// What goes on to the worker.
    pub forwarding: Forwarding,
}

/// Tokens of so many bytes of JSON: a quarter of them, which is near for English and errs upwards by what is
/// punctuation, and downwards for scripts of which a letter is a token. Rounded up. Good enough for limits, and never
/// for a bill.
pub(super) const fn estimate_tokens(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}
