//! Counting tokens, where an upstream has not (or not yet) said how many there were.
//!
//! With `o200k_base`, whatever the model: nobody else's tokenizer can be had here. Deltas repeat, because a
//! vocabulary does, so the counts of short texts are remembered: that is what makes counting every chunk of every
//! stream affordable.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tiktoken_rs::{CoreBPE, o200k_base_singleton};

/// Bytes of the longest text whose count is remembered. Tokens of natural text are shorter.
const SHORT: usize = 24;
/// Counts that are remembered; some 4 MiB. When they are full, they are forgotten.
const REMEMBERED: usize = 50_000;
/// Bytes that the tokenizer is given at once.
const SLICE: usize = 1024;

/// The vocabulary is read at the first count, which takes a good part of a second.
#[derive(Debug, Default)]
pub struct Tokenizer {
    counts: Mutex<HashMap<Box<str>, u64>>,
}

impl Tokenizer {
    /// Reads the vocabulary before it is needed.
    pub fn load() {
        let _: &CoreBPE = o200k_base_singleton();
    }

    pub fn count(&self, text: &str) -> u64 {
        if text.len() > SHORT {
            return encode(text);
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get(text) {
            return *count;
        }
        let count = encode(text);
        if counts.len() >= REMEMBERED {
            counts.clear();
        }
        counts.insert(text.into(), count);
        count
    }
}

fn encode(text: &str) -> u64 {
    let vocabulary = o200k_base_singleton();
    slices(text).map(|slice| vocabulary.encode_ordinary(slice).len() as u64).sum()
}

/// The text, cut where the tokenizer cuts too: between a word and the one space before the next. Its work grows
/// with the square of a word's length, so a word without end is cut anyway, at the price of a token or two.
fn slices(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (slice, after) = rest.split_at(slice_end(rest));
        rest = after;
        (!slice.is_empty()).then_some(slice)
    })
}

fn slice_end(text: &str) -> usize {
    if text.len() <= SLICE {
        return text.len();
    }
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let between = |at: &usize| bytes[*at] == b' ' && is_word(at - 1) && is_word(at + 1);
    let cut = (SLICE / 2..SLICE).rev().find(between);
    cut.unwrap_or_else(|| text.floor_char_boundary(SLICE))
}

#[cfg(test)]
mod spec {
    use super::*;

    #[test]
    fn a_remembered_count_is_the_count() {
        let tokenizer = Tokenizer::default();
        for text in
            ["", " the", "hello world", " größer", "🦀🦀", "\n\n  ", "antidisestablishmentarianism"]
        {
            let counted = o200k_base_singleton().encode_ordinary(text).len() as u64;
            assert_eq!([tokenizer.count(text), tokenizer.count(text)], [counted; 2], "{text:?}");
        }
    }

    #[test]
    fn a_text_cut_into_slices_counts_as_a_whole() {
        let text =
            "The quick brown fox, aged 12, jumps over 3 lazy dogs.\n\n  And again! ".repeat(200);
        assert!(slices(&text).count() > 10);
        assert_eq!(slices(&text).collect::<String>(), text);
        assert_eq!(encode(&text), o200k_base_singleton().encode_ordinary(&text).len() as u64);
    }

    #[test]
    fn a_word_without_end_is_counted_in_bounded_time() {
        let word = "é".repeat(20_000);
        let began = std::time::Instant::now();
        assert!(encode(&word) > 1_000);
        assert!(began.elapsed() < std::time::Duration::from_secs(10));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let tokenizer = Tokenizer::default();
        for n in 0..REMEMBERED + 10 {
            tokenizer.count(&n.to_string());
        }
        assert!(tokenizer.counts.lock().unwrap().len() <= REMEMBERED);
    }
}
