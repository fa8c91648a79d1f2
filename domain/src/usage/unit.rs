//! The units that usage is counted in and prices are made of.

use crate::word::words;

words! {
    /// What is counted. One that is unknown to this version is counted and priced by the piece.
    Unit, UnitKind, "unit":
    /// Tokens of the prompt that are none of the following.
    INPUT = "input",
    /// Tokens of the prompt that the upstream had in its cache.
    CACHED_INPUT = "cached_input",
    /// Tokens of the prompt that the upstream wrote to its cache.
    CACHE_WRITE = "cache_write",
    /// Tokens of the answer that are neither reasoning nor audio.
    OUTPUT = "output",
    REASONING = "reasoning",
    AUDIO_INPUT = "audio_input",
    AUDIO_OUTPUT = "audio_output",
    IMAGES = "images",
    /// Of a text to be spoken.
    CHARACTERS = "characters",
    /// Of a recording.
    SECONDS = "seconds",
    SEARCHES = "searches",
    /// Charged requests: 1 for each.
    REQUESTS = "requests",
}

/// What a rate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    Million,
    One,
}

impl Unit {
    pub fn per(&self) -> Per {
        match self.as_str() {
            "input" | "cached_input" | "cache_write" | "output" | "reasoning" | "audio_input"
            | "audio_output" | "characters" => Per::Million,
            _ => Per::One,
        }
    }

    /// The unit that this one is a kind of: whose rate it has, if it has none of its own.
    pub fn falls_back_to(&self) -> Option<Self> {
        match self.as_str() {
            "cached_input" | "cache_write" | "audio_input" => Some(Self::INPUT),
            "reasoning" | "audio_output" => Some(Self::OUTPUT),
            _ => None,
        }
    }

    /// More in one request is a mistake.
    pub fn most(&self) -> u64 {
        match self.per() {
            Per::Million => super::MAX_TOKENS,
            Per::One => super::MAX_PIECES,
        }
    }
}

impl Per {
    pub const fn count(self) -> i128 {
        match self {
            Self::Million => 1_000_000,
            Self::One => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_priced_by_the_piece_and_is_a_kind_of_nothing() {
        let unit: Unit = "holograms".parse().unwrap();
        assert_eq!((unit.per(), unit.falls_back_to()), (Per::One, None));
    }

    #[test]
    fn parts_of_a_prompt_and_of_an_answer_are_priced_like_them_unless_they_have_their_own_rate() {
        assert_eq!(Unit::CACHE_WRITE.falls_back_to(), Some(Unit::INPUT));
        assert_eq!(Unit::AUDIO_OUTPUT.falls_back_to(), Some(Unit::OUTPUT));
        assert_eq!(Unit::OUTPUT.falls_back_to(), None);
    }
}
