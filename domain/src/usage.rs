//! What a request took: an open map of units, each counted once.
//!
//! Units are disjoint: `input` is the prompt without what was cached, written to a cache or audio; `output` is the
//! answer without reasoning and audio. So a rate for each is all that a price needs.

mod dialect;
mod unit;
mod units;

use std::{fmt, str::FromStr};

pub use self::{
    dialect::{UsageDialect, UsageDialectKind},
    unit::{Per, Unit, UnitKind},
    units::Units,
};

/// No count of tokens or characters is rated beyond this, so that every charge fits. What a request is charged for is
/// bounded more closely where it settles, by `request::bound`.
pub const MAX_TOKENS: u64 = 100_000_000;
/// The same for whatever is priced by the piece. In seconds it is more than half a day.
pub const MAX_PIECES: u64 = 50_000;
/// Larger counts are told as this one: whoever reads numbers of JSON as floating point reads it exactly.
pub const MOST_TOLD: u64 = (1 << 53) - 1;
/// Of different units in one request.
pub const MAX_UNITS: usize = 16;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    pub units: Units,
    pub source: Source,
    /// In whose words the upstream reported it, if not in the usual ones.
    pub dialect: Option<UsageDialect>,
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

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no source of usage")]
pub struct UnknownSource(pub String);

impl Usage {
    /// From `OpenAI`'s overlapping counts: `cached` is a part of `prompt`, `reasoning` a part of `completion`.
    /// A part is never more than its whole.
    pub fn tokens(
        prompt: u64,
        cached: u64,
        completion: u64,
        reasoning: u64,
        source: Source,
    ) -> Self {
        let (cached, reasoning) = (cached.min(prompt), reasoning.min(completion));
        let units = Units::from_iter([
            (Unit::INPUT, prompt - cached),
            (Unit::CACHED_INPUT, cached),
            (Unit::OUTPUT, completion - reasoning),
            (Unit::REASONING, reasoning),
        ]);
        Self { units, source, dialect: None }
    }

    pub fn get(&self, unit: &Unit) -> u64 {
        self.units.get(unit)
    }

    #[must_use]
    pub fn with(mut self, unit: Unit, count: u64) -> Self {
        self.units.set(unit, count);
        self
    }

    pub fn prompt_tokens(&self) -> u64 {
        self.units.prompt_tokens()
    }

    pub fn cached_tokens(&self) -> u64 {
        self.units.cached_tokens()
    }

    pub fn completion_tokens(&self) -> u64 {
        self.units.completion_tokens()
    }

    pub fn reasoning_tokens(&self) -> u64 {
        self.units.reasoning_tokens()
    }

    pub fn total_tokens(&self) -> u64 {
        self.prompt_tokens().saturating_add(self.completion_tokens())
    }

    /// The same, within what can be true: no count beyond what its unit allows, no more than [`MAX_UNITS`] units.
    #[must_use]
    pub fn plausible(self) -> Self {
        let units = self.units.iter().take(MAX_UNITS);
        let units = units.map(|(unit, count)| (unit.clone(), count.min(unit.most()))).collect();
        Self { units, ..self }
    }

    /// The same as it can be written down for everybody to read: what was reported, however absurd.
    #[must_use]
    pub fn told(self) -> Self {
        let units = self.units.iter().take(MAX_UNITS);
        let units = units.map(|(unit, count)| (unit.clone(), count.min(MOST_TOLD))).collect();
        Self { units, ..self }
    }

    /// Whether nothing was used.
    pub fn is_none(&self) -> bool {
        self.units.is_empty()
    }
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Counted => "counted",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        [Self::Reported, Self::Counted]
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or_else(|| UnknownSource(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn overlapping_counts_become_units_of_their_own() {
        let usage = Usage::tokens(1_200, 1_000, 345, 45, Source::Reported);
        let units = [
            (Unit::INPUT, 200),
            (Unit::CACHED_INPUT, 1_000),
            (Unit::OUTPUT, 300),
            (Unit::REASONING, 45),
        ];
        assert_eq!(usage.units, Units::from_iter(units));
        let counts = (usage.prompt_tokens(), usage.completion_tokens(), usage.total_tokens());
        assert_eq!(counts, (1_200, 345, 1_545));
    }

    #[test]
    fn nothing_used_is_no_unit() {
        assert!(Usage::tokens(0, 0, 0, 0, Source::Counted).is_none());
        assert_eq!(Usage::default().with(Unit::IMAGES, 0), Usage::default());
    }

    #[test]
    fn audio_and_written_cache_are_parts_of_the_prompt() {
        let usage = Usage::tokens(10, 2, 5, 1, Source::Reported)
            .with(Unit::CACHE_WRITE, 3)
            .with(Unit::AUDIO_INPUT, 4)
            .with(Unit::AUDIO_OUTPUT, 6);
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (17, 11));
    }

    proptest! {
        #[test]
        fn counts_read_back_as_they_were_told(prompt in 0..1_u64 << 40, completion in 0..1_u64 << 40, part in 1..9_u64) {
            let usage = Usage::tokens(prompt, prompt / part, completion, completion / part, Source::Counted);
            prop_assert_eq!((usage.prompt_tokens(), usage.cached_tokens()), (prompt, prompt / part));
            prop_assert_eq!((usage.completion_tokens(), usage.reasoning_tokens()), (completion, completion / part));
        }

        #[test]
        fn what_no_upstream_can_have_counted_is_cut(prompt: u64, cached: u64, completion: u64, reasoning: u64) {
            let usage = Usage::tokens(prompt, cached, completion, reasoning, Source::Reported).plausible();
            prop_assert!(usage.units.iter().all(|(unit, count)| count <= unit.most()));
        }
    }
}
