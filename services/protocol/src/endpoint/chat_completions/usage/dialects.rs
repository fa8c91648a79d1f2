//! The words in which upstreams report usage, as data. A server that says it in others is a line here and one in the
//! table of `spec.rs`.

use uplion_domain::usage::UsageDialect;

/// Where a report stands in an answer; of several the first is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `usage`
    Usage,
    /// `usage` within a choice
    Choice,
    /// `x_groq.usage`
    XGroq,
    /// `usageMetadata`
    Metadata,
    /// `timings`
    Timings,
    /// Members of the answer itself.
    Top,
}

impl Place {
    pub const fn dialect(self) -> Option<UsageDialect> {
        match self {
            Self::Usage => None,
            Self::Choice => Some(UsageDialect::IN_CHOICE),
            Self::XGroq => Some(UsageDialect::X_GROQ),
            Self::Metadata => Some(UsageDialect::USAGE_METADATA),
            Self::Timings => Some(UsageDialect::TIMINGS),
            Self::Top => Some(UsageDialect::EVAL_COUNT),
        }
    }
}

/// What a word counts. The most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    CacheMiss,
    CacheWrite,
    Cached,
    /// Reasoning that is never a part of the answer's count.
    Thought,
    Reasoning,
    Prompt,
    /// What belongs to the prompt and is never a part of its count.
    PromptBeside,
    Completion,
    Total,
}

impl Count {
    pub const ALL: [Self; 9] = [
        Self::CacheMiss,
        Self::CacheWrite,
        Self::Cached,
        Self::Thought,
        Self::Reasoning,
        Self::Prompt,
        Self::PromptBeside,
        Self::Completion,
        Self::Total,
    ];
}

#[derive(Debug)]
pub struct Word {
    /// The object within the report; none if empty.
    pub within: &'static str,
    pub name: &'static str,
    pub count: Count,
    /// None: as `OpenAI` says it.
    pub dialect: Option<UsageDialect>,
}

const fn usual(within: &'static str, name: &'static str, count: Count) -> Word {
    Word { within, name, count, dialect: None }
}

const fn word(
    within: &'static str,
    name: &'static str,
    count: Count,
    dialect: UsageDialect,
) -> Word {
    Word { within, name, count, dialect: Some(dialect) }
}

pub static WORDS: &[Word] = &[
    usual("", "prompt_tokens", Count::Prompt),
    usual("", "completion_tokens", Count::Completion),
    usual("", "total_tokens", Count::Total),
    usual("prompt_tokens_details", "cached_tokens", Count::Cached),
    usual("completion_tokens_details", "reasoning_tokens", Count::Reasoning),
    // OpenRouter and others, beside the usual ones.
    usual("prompt_tokens_details", "cache_write_tokens", Count::CacheWrite),
    usual("prompt_tokens_details", "cache_creation_tokens", Count::CacheWrite),
    // OpenAI's later API, and those who imitate it everywhere.
    word("", "input_tokens", Count::Prompt, UsageDialect::INPUT_OUTPUT),
    word("", "output_tokens", Count::Completion, UsageDialect::INPUT_OUTPUT),
    word("input_tokens_details", "cached_tokens", Count::Cached, UsageDialect::INPUT_OUTPUT),
    word("output_tokens_details", "reasoning_tokens", Count::Reasoning, UsageDialect::INPUT_OUTPUT),
    // Moonshot and others.
    word("", "cached_tokens", Count::Cached, UsageDialect::CACHED_ON_TOP),
    word("", "reasoning_tokens", Count::Reasoning, UsageDialect::CACHED_ON_TOP),
    // DeepSeek.
    word("", "prompt_cache_hit_tokens", Count::Cached, UsageDialect::HIT_MISS),
    word("", "prompt_cache_miss_tokens", Count::CacheMiss, UsageDialect::HIT_MISS),
    // Anthropic, and gateways in front of it.
    word("", "cache_read_input_tokens", Count::Cached, UsageDialect::CACHE_READ_WRITE),
    word("", "cache_creation_input_tokens", Count::CacheWrite, UsageDialect::CACHE_READ_WRITE),
    // Gemini.
    word("", "promptTokenCount", Count::Prompt, UsageDialect::USAGE_METADATA),
    word("", "candidatesTokenCount", Count::Completion, UsageDialect::USAGE_METADATA),
    word("", "totalTokenCount", Count::Total, UsageDialect::USAGE_METADATA),
    word("", "cachedContentTokenCount", Count::Cached, UsageDialect::USAGE_METADATA),
    word("", "thoughtsTokenCount", Count::Thought, UsageDialect::USAGE_METADATA),
    word("", "toolUsePromptTokenCount", Count::PromptBeside, UsageDialect::USAGE_METADATA),
    // llama.cpp.
    word("", "prompt_n", Count::Prompt, UsageDialect::TIMINGS),
    word("", "predicted_n", Count::Completion, UsageDialect::TIMINGS),
    word("", "cache_n", Count::Cached, UsageDialect::TIMINGS),
    // Ollama.
    word("", "prompt_eval_count", Count::Prompt, UsageDialect::EVAL_COUNT),
    word("", "eval_count", Count::Completion, UsageDialect::EVAL_COUNT),
];
