//! Rates and usage as they stood in events while there were four kinds of tokens and nothing else.

use serde::Deserialize;

use crate::{
    Nanos, Rates, Usage,
    request::Outcome,
    usage::{Source, Unit},
};

/// Nano-units of the currency for a million tokens; `request` for one request.
#[derive(Deserialize)]
pub struct RatesV1 {
    input: i64,
    cached_input: i64,
    output: i64,
    reasoning: i64,
    request: i64,
}

#[derive(Deserialize)]
pub struct UsageV1 {
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
    /// Whether the upstream said so; otherwise the worker counted.
    reported: bool,
}

impl From<RatesV1> for Rates {
    /// Each is said, zeros too: nothing fell back to another rate.
    fn from(rates: RatesV1) -> Self {
        let RatesV1 { input, cached_input, output, reasoning, request } = rates;
        let rates = [
            (Unit::INPUT, input),
            (Unit::CACHED_INPUT, cached_input),
            (Unit::OUTPUT, output),
            (Unit::REASONING, reasoning),
            (Unit::REQUESTS, request),
        ];
        rates.into_iter().map(|(unit, rate)| (unit, Nanos::new(rate.into()))).collect()
    }
}

impl UsageV1 {
    /// With the request itself, where it was charged.
    pub fn read(self, outcome: &Outcome) -> Usage {
        let Self { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, reported } =
            self;
        let source = if reported { Source::Reported } else { Source::Counted };
        let usage = Usage::tokens(
            prompt_tokens,
            cached_tokens,
            completion_tokens,
            reasoning_tokens,
            source,
        );
        let charged = match outcome {
            Outcome::Completed => true,
            Outcome::Cancelled(_) => reported || !usage.is_none(),
            Outcome::Failed(_) => false,
        };
        if charged { usage.with(Unit::REQUESTS, 1) } else { usage }
    }
}
