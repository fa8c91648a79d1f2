//! In whose words an upstream reported what a request took.

use crate::word::words;

words! {
    /// A way to report usage that is not `OpenAI`'s: so that whoever doubts a bill knows how it was read.
    UsageDialect, UsageDialectKind, "usage dialect":
    /// `input_tokens` and `output_tokens`.
    INPUT_OUTPUT = "input_output",
    /// `cached_tokens` beside the counts that they are a part of.
    CACHED_ON_TOP = "cached_on_top",
    /// `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens`.
    HIT_MISS = "hit_miss",
    /// `cache_read_input_tokens` and `cache_creation_input_tokens`.
    CACHE_READ_WRITE = "cache_read_write",
    /// Reasoning is no part of the answer's tokens, but of the total.
    REASONING_APART = "reasoning_apart",
    /// The total is more than its parts: what is missing was thought.
    THOUGHT_IN_TOTAL = "thought_in_total",
    /// Cached tokens are no part of the prompt's, but of the total.
    CACHE_APART = "cache_apart",
    /// Within a choice.
    IN_CHOICE = "in_choice",
    /// Within `x_groq`.
    X_GROQ = "x_groq",
    /// `usageMetadata`, as Gemini has it.
    USAGE_METADATA = "usage_metadata",
    /// `timings`, as llama.cpp has them.
    TIMINGS = "timings",
    /// `prompt_eval_count` and `eval_count`, as Ollama has them.
    EVAL_COUNT = "eval_count",
}
