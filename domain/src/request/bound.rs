//! How much a request can have used. What is reported beyond is charged only up to there, and marked.
//!
//! What a body bounds is worked out at admission and pinned in `accepted`, as rates are. It never cuts what a provider
//! may count and mean: where the body does not say, only what any model could do is a bound. So it is for reasoning,
//! which some servers count within the client's `max_tokens` and others beside it.

use super::mark::Mark;
use crate::usage::{Unit, Units, Usage};

/// Of the prompt, and of the answer: no model takes or makes more in one request. Ten times the largest context that
/// there is, so that agents behind a model's name, who ask several times for one answer, are not cut.
pub const MOST_TOKENS: u64 = 10_000_000;
/// Of a prompt beside what stands in the body: templates, and what a server puts before the client's messages of its
/// own, such as instructions and documents that it found.
pub const PROMPT_BESIDE_BODY: u64 = 100_000;
/// Of one answer beyond what was asked for: words that end a turn and are counted, calls of tools that are completed.
pub const ANSWER_TOLERANCE: u64 = 64;
/// A quarter more: whoever counts with another tokenizer than the model's (proxies do, and so do workers) counts more.
pub const ANSWER_TOLERANCE_SHARE: u64 = 4;

const PROMPT: [Unit; 4] = [Unit::INPUT, Unit::CACHED_INPUT, Unit::CACHE_WRITE, Unit::AUDIO_INPUT];
const ANSWER: [Unit; 3] = [Unit::OUTPUT, Unit::REASONING, Unit::AUDIO_OUTPUT];

/// The most that one request can use, as far as its body says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageBound {
    /// Tokens of the prompt. None: it holds more than text, or was pinned by a version that did not say.
    pub prompt: Option<u64>,
    /// Tokens of all answers that are neither reasoning nor audio. None: as many as the model likes.
    pub output: Option<u64>,
}

/// What a body says of how much it can use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Of the body, if all of its prompt stands in it as text.
    pub text_bytes: Option<u64>,
    /// The most tokens that one answer may have.
    pub answer: Option<u64>,
    pub answers: u32,
}

/// Why a settlement is not charged as reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub marks: Vec<Mark>,
    /// All that was reported, as far as it can be told ([`Usage::told`]).
    pub reported: Units,
}

impl UsageBound {
    /// A token takes at least a byte of text. Who answers several times by asking several times reads the prompt each
    /// time.
    pub fn of(asked: Asked) -> Self {
        let answers = u64::from(asked.answers.max(1));
        let prompt = |bytes: u64| bytes.saturating_add(PROMPT_BESIDE_BODY).saturating_mul(answers);
        let output = |most: u64| {
            let tolerance = ANSWER_TOLERANCE.max(most / ANSWER_TOLERANCE_SHARE);
            most.saturating_add(tolerance).saturating_mul(answers)
        };
        Self { prompt: asked.text_bytes.map(prompt), output: asked.answer.map(output) }
    }

    pub const fn is_none(self) -> bool {
        self.prompt.is_none() && self.output.is_none()
    }

    /// What is charged of `reported`, and if that is not all of it, why.
    pub fn apply(self, reported: Usage) -> (Usage, Option<Doubt>) {
        let mut usage = reported.clone().plausible();
        let mut marks = Vec::new();
        let mut cut = |side: &[Unit], most: Option<u64>, mark: Mark| {
            if most.is_some_and(|most| take_excess(&mut usage.units, side, most)) {
                marks.push(mark);
            }
        };
        cut(&[Unit::OUTPUT], self.output, Mark::BEYOND_ASKED);
        cut(&PROMPT, self.prompt, Mark::BEYOND_BODY);
        cut(&PROMPT, Some(MOST_TOKENS), Mark::BEYOND_MODEL);
        cut(&ANSWER, Some(MOST_TOKENS), Mark::BEYOND_MODEL);
        // Of another unit, or of too many.
        if marks.is_empty() && usage.units != reported.units {
            marks.push(Mark::BEYOND_MODEL);
        }
        if marks.is_empty() {
            return (usage, None);
        }
        marks.dedup();
        (usage, Some(Doubt { marks, reported: reported.told().units }))
    }

    /// Whether so much can have been billed.
    pub fn holds(self, billed: &Usage) -> bool {
        // That it was one request is the platform's own count.
        self.apply(billed.clone().with(Unit::REQUESTS, 0)).1.is_none()
    }
}

/// Leaves `most` of all units of a side together, taking from the largest first: what is absurd is what is wrong.
fn take_excess(units: &mut Units, side: &[Unit], most: u64) -> bool {
    let sum = |units: &Units| side.iter().map(|unit| units.get(unit)).fold(0, u64::saturating_add);
    let mut excess = sum(units).saturating_sub(most);
    let is_beyond = excess > 0;
    while excess > 0 {
        let Some(largest) = side.iter().max_by_key(|unit| units.get(unit)) else { break };
        let taken = excess.min(units.get(largest));
        units.take(largest, taken);
        excess -= taken;
    }
    is_beyond
}

#[cfg(test)]
#[path = "bound_spec.rs"]
mod spec;
