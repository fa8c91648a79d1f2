//! What a request costs: tokens times rates, summed exactly, rounded once.

use crate::{Nanos, Usage};

const PER_MILLION: i128 = 1_000_000;

/// What a model charges. Nano-units of the installation's currency, for a million tokens or for one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    pub input: Nanos,
    pub cached_input: Nanos,
    pub output: Nanos,
    pub reasoning: Nanos,
    /// For the request itself, whatever its tokens.
    pub request: Nanos,
}

impl Rates {
    /// The charge for what is plausible of `usage`.
    pub fn charge(&self, usage: &Usage) -> Nanos {
        let usage = usage.plausible();
        let parts = [
            (usage.prompt_tokens - usage.cached_tokens, self.input),
            (usage.cached_tokens, self.cached_input),
            (usage.completion_tokens - usage.reasoning_tokens, self.output),
            (usage.reasoning_tokens, self.reasoning),
        ];
        let tokens: i128 = parts
            .iter()
            .map(|(tokens, rate)| i128::from(*tokens).saturating_mul(rate.get()))
            .fold(0, i128::saturating_add);
        Nanos::rounded(
            tokens.saturating_add(self.request.get().saturating_mul(PER_MILLION)),
            PER_MILLION,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_token_has_its_rate_and_the_sum_is_rounded_once() {
        let rates = Rates {
            input: Nanos::new(1_500_000),
            cached_input: Nanos::new(500_000),
            output: Nanos::new(2_000_000),
            reasoning: Nanos::new(4_000_000),
            request: Nanos::new(7),
        };
        let usage = Usage {
            prompt_tokens: 11,
            cached_tokens: 1,
            completion_tokens: 3,
            reasoning_tokens: 1,
            ..Usage::default()
        };
        // 10 × 1.5 + 1 × 0.5 + 2 × 2 + 1 × 4 + 7 = 30.5, whose even neighbour is 30.
        assert_eq!(rates.charge(&usage), Nanos::new(30));
    }

    proptest! {
        #[test]
        fn more_tokens_never_cost_less(
            input in 0..1_000_000_000_i64, output in 0..1_000_000_000_i64,
            prompt in 0..u64::from(u32::MAX), completion in 0..u64::from(u32::MAX),
        ) {
            let rates = Rates {
                input: Nanos::new(input.into()), output: Nanos::new(output.into()), ..Rates::default()
            };
            let usage = Usage { prompt_tokens: prompt, completion_tokens: completion, ..Usage::default() };
            let more = Usage { completion_tokens: completion + 1, ..usage };
            prop_assert!(rates.charge(&usage) <= rates.charge(&more));
        }

        #[test]
        fn hostile_counts_do_not_overflow(prompt: u64, cached: u64, completion: u64, reasoning: u64, rate: i64) {
            let rate = Nanos::new(rate.into());
            let rates = Rates { input: rate, cached_input: rate, output: rate, reasoning: rate, request: rate };
            let usage = Usage {
                prompt_tokens: prompt, cached_tokens: cached,
                completion_tokens: completion, reasoning_tokens: reasoning, ..Usage::default()
            };
            rates.charge(&usage);
        }

        #[test]
        fn every_charge_fits_in_64_bits(usage: [u64; 4]) {
            let rate = crate::price::MAX_RATE;
            let rates = Rates { input: rate, cached_input: rate, output: rate, reasoning: rate, request: rate };
            let [prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens] = usage;
            let usage = Usage { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, ..Usage::default() };
            prop_assert!(rates.charge(&usage).to_i64().is_some());
        }
    }
}
