//! How many tokens an answer took, as the upstream reports it.

use serde_json::{Value, json};
use uplion_domain::{Usage, usage::Source};

use crate::{Malformed, json::scan::Scanner};

/// Reads a `usage` value. What makes no sense as a whole is as good as not reported, so that it is counted
/// instead; a part is never more than what it is a part of, so that no bill goes below zero.
pub(super) fn read(scan: &mut Scanner<'_>) -> Result<Option<Usage>, Malformed> {
    let (mut prompt, mut completion, mut total) = (None, None, None);
    let (mut cached, mut reasoning) = (None, None);
    scan.object_if_any(|scan, key| {
        match key.decode().as_ref() {
            "prompt_tokens" => prompt = scan.integer_if_any()?,
            "completion_tokens" => completion = scan.integer_if_any()?,
            "total_tokens" => total = scan.integer_if_any()?,
            "prompt_tokens_details" => cached = detail(scan, "cached_tokens")?,
            "completion_tokens_details" => reasoning = detail(scan, "reasoning_tokens")?,
            _ => scan.skip()?,
        }
        Ok(())
    })?;
    let other = |one: Option<u64>| total?.checked_sub(one?);
    let (Some(prompt), Some(completion)) =
        (prompt.or_else(|| other(completion)), completion.or_else(|| other(prompt)))
    else {
        return Ok(None);
    };
    let (cached, reasoning) = (cached.unwrap_or(0), reasoning.unwrap_or(0));
    Ok(Some(Usage::tokens(prompt, cached, completion, reasoning, Source::Reported)))
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

fn detail(scan: &mut Scanner<'_>, name: &str) -> Result<Option<u64>, Malformed> {
    let mut tokens = None;
    scan.object_if_any(|scan, key| {
        if key.decode() == name {
            tokens = scan.integer_if_any()?;
            Ok(())
        } else {
            scan.skip()
        }
    })?;
    Ok(tokens)
}

#[cfg(test)]
mod spec {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<Usage> {
        Scanner::document(json.as_bytes(), super::read).unwrap()
    }

    fn tokens(prompt: u64, cached: u64, completion: u64, reasoning: u64) -> Usage {
        Usage::tokens(prompt, cached, completion, reasoning, Source::Reported)
    }

    #[test]
    fn the_details_are_read_where_there_are_any() {
        let full = r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,
            "prompt_tokens_details":{"audio_tokens":0,"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}"#;
        assert_eq!(read(full), Some(tokens(9, 8, 5, 3)));
        let plain = r#"{"prompt_tokens":9,"completion_tokens":5.0,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}"#;
        assert_eq!(read(plain), Some(tokens(9, 0, 5, 0)));
    }

    #[test]
    fn a_missing_side_follows_from_the_total() {
        assert_eq!(read(r#"{"prompt_tokens":9,"total_tokens":14}"#), Some(tokens(9, 0, 5, 0)));
        assert_eq!(read(r#"{"completion_tokens":5,"total_tokens":14}"#), Some(tokens(9, 0, 5, 0)));
        assert_eq!(read(r#"{"prompt_tokens":9,"total_tokens":4}"#), None);
    }

    #[test]
    fn what_makes_no_sense_is_not_reported() {
        for usage in [
            "null",
            "{}",
            "7",
            r#""12""#,
            r#"{"prompt_tokens":9}"#,
            r#"{"prompt_tokens":"9","completion_tokens":5}"#,
            r#"{"prompt_tokens":-9,"completion_tokens":5}"#,
            r#"{"prompt_tokens":9,"completion_tokens":5.5}"#,
            r#"{"prompt_tokens":99999999999999999999,"completion_tokens":5}"#,
        ] {
            assert_eq!(read(usage), None, "{usage}");
        }
    }

    #[test]
    fn a_part_is_never_more_than_the_whole() {
        let usage = r#"{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":10},"completion_tokens_details":{"reasoning_tokens":10}}"#;
        assert_eq!(read(usage), Some(tokens(9, 9, 5, 5)));
    }

    proptest! {
        #[test]
        fn usage_reads_back_as_it_was_written(prompt in 0..1u64 << 60, completion in 0..1u64 << 60, share in 1..9u64) {
            let usage = tokens(prompt, prompt / share, completion, completion / share);
            prop_assert_eq!(read(&to_json(&usage).to_string()), Some(usage));
        }
    }
}
