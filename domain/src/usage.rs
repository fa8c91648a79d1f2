//! How many tokens a request took.

/// No request takes more: what an upstream reports beyond is its mistake and counts as this much.
pub const MAX_TOKENS: u64 = u32::MAX as u64;

/// Tokens, as `OpenAI` counts them: `cached` is a part of `prompt`, `reasoning` a part of `completion`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub cached_tokens: u64,
    pub completion_tokens: u64,
    pub reasoning_tokens: u64,
    pub source: Source,
}

/// Who counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// The upstream, in its answer.
    Reported,
    /// The worker, because the upstream had not said (yet).
    #[default]
    Counted,
}

impl Usage {
    /// The same, within what can be true: no count over [`MAX_TOKENS`], no part over its whole.
    #[must_use]
    pub fn plausible(self) -> Self {
        let prompt_tokens = self.prompt_tokens.min(MAX_TOKENS);
        let completion_tokens = self.completion_tokens.min(MAX_TOKENS);
        Self {
            prompt_tokens,
            cached_tokens: self.cached_tokens.min(prompt_tokens),
            completion_tokens,
            reasoning_tokens: self.reasoning_tokens.min(completion_tokens),
            source: self.source,
        }
    }

    pub const fn total_tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}
