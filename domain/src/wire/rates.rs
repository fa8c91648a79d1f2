//! Rates and usage as they stand in events.

use serde::{Deserialize, Serialize};

use crate::{Nanos, Rates, Usage, usage::Source};

/// Nano-units of the currency for a million tokens; `request` for one request.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RatesV1 {
    input: i64,
    cached_input: i64,
    output: i64,
    reasoning: i64,
    request: i64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct UsageV1 {
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
    /// Whether the upstream said so; otherwise the worker counted.
    reported: bool,
}

impl From<&Rates> for RatesV1 {
    fn from(rates: &Rates) -> Self {
        let Rates { input, cached_input, output, reasoning, request } = *rates;
        let narrow = |rate: Nanos| rate.to_i64().unwrap_or(i64::MAX);
        Self {
            input: narrow(input),
            cached_input: narrow(cached_input),
            output: narrow(output),
            reasoning: narrow(reasoning),
            request: narrow(request),
        }
    }
}

impl From<RatesV1> for Rates {
    fn from(rates: RatesV1) -> Self {
        let RatesV1 { input, cached_input, output, reasoning, request } = rates;
        let wide = |rate: i64| Nanos::new(rate.into());
        Self {
            input: wide(input),
            cached_input: wide(cached_input),
            output: wide(output),
            reasoning: wide(reasoning),
            request: wide(request),
        }
    }
}

impl From<&Usage> for UsageV1 {
    fn from(usage: &Usage) -> Self {
        let Usage { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, source } =
            *usage;
        let reported = match source {
            Source::Reported => true,
            Source::Counted => false,
        };
        Self { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, reported }
    }
}

impl From<UsageV1> for Usage {
    fn from(usage: UsageV1) -> Self {
        let UsageV1 { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, reported } =
            usage;
        let source = if reported { Source::Reported } else { Source::Counted };
        Self { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, source }
    }
}
