//! How many tokens an answer took, as the upstream reports it: in whichever of the [dialects] it speaks.

mod dialects;

use serde_json::{Value, json};
use uplion_domain::{
    Unit, Usage,
    usage::{Source, UsageDialect},
};

pub(super) use self::dialects::Place;
use self::dialects::{Count, WORDS, Word};
use crate::{
    Malformed,
    json::scan::{Kind, Scanner},
};

/// What one report says, before it is known what is a part of what.
#[derive(Debug, Default)]
pub(super) struct Report {
    said: [Option<(u64, &'static Word)>; Count::ALL.len()],
}

impl Report {
    /// Reads the value of `usage` or the like.
    pub fn read(scan: &mut Scanner<'_>) -> Result<Self, Malformed> {
        let mut report = Self::default();
        scan.object_if_any(|scan, key| report.member(scan, &key.decode()))?;
        Ok(report)
    }

    /// One member of it.
    pub fn member(&mut self, scan: &mut Scanner<'_>, name: &str) -> Result<(), Malformed> {
        if scan.peek() != Kind::Object {
            return self.count(scan, "", name);
        }
        scan.object(|scan, key| self.count(scan, name, &key.decode()))
    }

    fn count(&mut self, scan: &mut Scanner<'_>, within: &str, name: &str) -> Result<(), Malformed> {
        let known = WORDS.iter().find(|word| word.name == name && word.within == within);
        let Some(word) = known else { return scan.skip() };
        let Some(count) = count_of(scan)? else { return Ok(()) };
        let place = &mut self.said[word.count as usize];
        // Some say the same in two places, and in one of them in vain.
        if place.is_none_or(|(known, _)| known < count) {
            *place = Some((count, word));
        }
        Ok(())
    }

    fn get(&self, count: Count) -> Option<u64> {
        self.said[count as usize].map(|(count, _)| count)
    }

    fn part(&self, count: Count) -> u64 {
        self.get(count).unwrap_or(0)
    }

    /// What makes no sense as a whole is as good as not reported, so that it is counted instead; a part is never more
    /// than what it is a part of, so that no bill goes below zero.
    pub fn usage(&self, place: Place) -> Option<Usage> {
        let (prompt, completion) = self.sides()?;
        let mut sum = Sum {
            prompt,
            completion,
            cache: self.part(Count::Cached).saturating_add(self.part(Count::CacheWrite)),
            reasoning: self.part(Count::Reasoning).max(self.part(Count::Thought)),
        };
        let rule = match self.get(Count::Total) {
            _ if self.is_cache_apart(place) => sum.add_cache(),
            Some(total) => sum.fill(total),
            None => None,
        };
        let Sum { prompt, completion, reasoning, .. } = sum;
        let cached = self.part(Count::Cached);
        let mut usage = Usage::tokens(prompt, cached, completion, reasoning, Source::Reported);
        let written = self.part(Count::CacheWrite).min(usage.get(&Unit::INPUT));
        usage.units.take(&Unit::INPUT, written);
        usage.units.set(Unit::CACHE_WRITE, written);
        usage.dialect = place.dialect().or(rule).or_else(|| self.dialect());
        Some(usage)
    }

    /// Of the prompt and of the answer, whichever way they are said; one may follow from the total.
    fn sides(&self) -> Option<(u64, u64)> {
        let missed = self.get(Count::CacheMiss);
        let hit_and_missed = || Some(missed?.saturating_add(self.part(Count::Cached)));
        let prompt = self.get(Count::Prompt).or_else(hit_and_missed);
        let prompt = prompt.map(|prompt| prompt.saturating_add(self.part(Count::PromptBeside)));
        let thought = self.get(Count::Thought);
        let completion = self.get(Count::Completion).or_else(|| thought.map(|_| 0));
        let completion =
            completion.map(|completion| completion.saturating_add(thought.unwrap_or(0)));
        let other = |one: Option<u64>| self.get(Count::Total)?.checked_sub(one?);
        Some((prompt.or_else(|| other(completion))?, completion.or_else(|| other(prompt))?))
    }

    /// Whether what was read from a cache and written to it was not counted with the prompt. Where `total_tokens` does
    /// not say so: who speaks of `input_tokens` beside it means what was neither.
    fn is_cache_apart(&self, place: Place) -> bool {
        let by = |count: Count| self.said[count as usize].map(|(_, word)| word);
        let beside = [Count::Cached, Count::CacheWrite].into_iter().filter_map(by);
        let beside =
            beside.into_iter().any(|word| word.dialect == Some(UsageDialect::CACHE_READ_WRITE));
        let of_rest = by(Count::Prompt).is_some_and(|word| word.name == "input_tokens");
        let cache = self.part(Count::Cached).saturating_add(self.part(Count::CacheWrite));
        let too_much = cache > self.part(Count::Prompt);
        let summed = self.get(Count::Total).is_some();
        place == Place::Timings || beside && !summed && (of_rest || too_much)
    }

    /// Of the most telling word that is not usual.
    fn dialect(&self) -> Option<UsageDialect> {
        let mut said = Count::ALL.iter().filter_map(|count| self.said[*count as usize]);
        said.find_map(|(_, word)| word.dialect.clone())
    }
}

/// A number, or one in quotes, as proxies make of it that keep counts as texts.
fn count_of(scan: &mut Scanner<'_>) -> Result<Option<u64>, Malformed> {
    if scan.peek() == Kind::String {
        return Ok(scan.text_if_any()?.and_then(|text| text.parse().ok()));
    }
    scan.integer_if_any()
}

/// The counts of both sides, and what may or may not be a part of them.
struct Sum {
    prompt: u64,
    completion: u64,
    cache: u64,
    reasoning: u64,
}

impl Sum {
    /// Makes the sides add up to the total, if that is more.
    fn fill(&mut self, total: u64) -> Option<UsageDialect> {
        let missing = total.checked_sub(self.prompt.checked_add(self.completion)?)?;
        if missing == 0 {
            return None;
        }
        if missing == self.reasoning {
            self.completion += missing;
            return Some(UsageDialect::REASONING_APART);
        }
        if missing == self.cache {
            return self.add_cache();
        }
        if missing == self.cache.saturating_add(self.reasoning) {
            self.add_cache();
            self.completion += self.reasoning;
            return Some(UsageDialect::REASONING_APART);
        }
        self.completion += missing;
        self.reasoning = self.reasoning.max(missing);
        Some(UsageDialect::THOUGHT_IN_TOTAL)
    }

    fn add_cache(&mut self) -> Option<UsageDialect> {
        self.prompt = self.prompt.saturating_add(self.cache);
        (self.cache > 0).then_some(UsageDialect::CACHE_APART)
    }
}

/// As it stands in an answer.
pub(super) fn to_json(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens(),
        "completion_tokens": usage.completion_tokens(),
        "total_tokens": usage.total_tokens(),
        "prompt_tokens_details": { "cached_tokens": usage.cached_tokens() },
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning_tokens() },
    })
}

#[cfg(test)]
#[path = "usage/spec.rs"]
mod spec;
