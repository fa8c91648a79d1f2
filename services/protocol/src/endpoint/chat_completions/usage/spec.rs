//! Reports as upstreams make them, and how they are read.

use proptest::prelude::*;

use super::*;

fn read_at(place: Place, json: &str) -> Option<Usage> {
    Scanner::answer(json.as_bytes(), Report::read).unwrap().usage(place)
}

fn read(json: &str) -> Option<Usage> {
    read_at(Place::Usage, json)
}

fn tokens(prompt: u64, cached: u64, completion: u64, reasoning: u64) -> Usage {
    Usage::tokens(prompt, cached, completion, reasoning, Source::Reported)
}

/// A report, where it stands, and what it means: of the prompt, cached, written to the cache; of the answer, reasoning.
type Line = (Place, &'static str, [u64; 5], Option<UsageDialect>);

const TABLE: &[Line] = &[
    (
        Place::Usage,
        r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}"#,
        [9, 0, 0, 5, 0],
        None,
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}"#,
        [9, 8, 0, 5, 3],
        None,
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":9,"completion_tokens":5.0,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}"#,
        [9, 0, 0, 5, 0],
        None,
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30}}"#,
        [100, 60, 30, 5, 0],
        None,
    ),
    // Reasoning that is in the total alone.
    (
        Place::Usage,
        r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}"#,
        [32, 0, 0, 103, 94],
        Some(UsageDialect::REASONING_APART),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":10,"completion_tokens":20,"total_tokens":330}"#,
        [10, 0, 0, 320, 300],
        Some(UsageDialect::THOUGHT_IN_TOTAL),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":10,"completion_tokens":20,"total_tokens":7}"#,
        [10, 0, 0, 20, 0],
        None,
    ),
    // Cached tokens in other places.
    (
        Place::Usage,
        r#"{"prompt_tokens":19,"completion_tokens":21,"total_tokens":40,"cached_tokens":10}"#,
        [19, 10, 0, 21, 0],
        Some(UsageDialect::CACHED_ON_TOP),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"cached_tokens":0},"cached_tokens":64}"#,
        [100, 64, 0, 5, 0],
        Some(UsageDialect::CACHED_ON_TOP),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}"#,
        [100, 64, 0, 5, 0],
        Some(UsageDialect::HIT_MISS),
    ),
    (
        Place::Usage,
        r#"{"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}"#,
        [100, 64, 0, 5, 0],
        Some(UsageDialect::HIT_MISS),
    ),
    // Three counts that make the prompt, and the same where they were put together already.
    (
        Place::Usage,
        r#"{"input_tokens":10,"cache_read_input_tokens":90,"cache_creation_input_tokens":20,"output_tokens":5}"#,
        [120, 90, 20, 5, 0],
        Some(UsageDialect::CACHE_APART),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":120,"completion_tokens":5,"total_tokens":125,"cache_read_input_tokens":90,"cache_creation_input_tokens":20}"#,
        [120, 90, 20, 5, 0],
        Some(UsageDialect::CACHE_READ_WRITE),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":125,"cache_read_input_tokens":90,"cache_creation_input_tokens":20}"#,
        [120, 90, 20, 5, 0],
        Some(UsageDialect::CACHE_APART),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":10,"completion_tokens":5,"cache_read_input_tokens":90}"#,
        [100, 90, 0, 5, 0],
        Some(UsageDialect::CACHE_APART),
    ),
    // Other names.
    (
        Place::Usage,
        r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":90},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":105}"#,
        [100, 90, 0, 5, 4],
        Some(UsageDialect::INPUT_OUTPUT),
    ),
    (
        Place::Usage,
        r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"input_tokens":12,"output_tokens":4}"#,
        [12, 0, 0, 4, 0],
        Some(UsageDialect::INPUT_OUTPUT),
    ),
    (
        Place::Choice,
        r#"{"prompt_tokens":9,"completion_tokens":5}"#,
        [9, 0, 0, 5, 0],
        Some(UsageDialect::IN_CHOICE),
    ),
    (
        Place::XGroq,
        r#"{"prompt_tokens":9,"completion_tokens":5}"#,
        [9, 0, 0, 5, 0],
        Some(UsageDialect::X_GROQ),
    ),
    (
        Place::Metadata,
        r#"{"promptTokenCount":100,"candidatesTokenCount":5,"thoughtsTokenCount":40,"toolUsePromptTokenCount":7,"cachedContentTokenCount":60,"totalTokenCount":152}"#,
        [107, 60, 0, 45, 40],
        Some(UsageDialect::USAGE_METADATA),
    ),
    (
        Place::Metadata,
        r#"{"promptTokenCount":100,"totalTokenCount":130}"#,
        [100, 0, 0, 30, 0],
        Some(UsageDialect::USAGE_METADATA),
    ),
    (
        Place::Timings,
        r#"{"prompt_n":4,"predicted_n":5,"cache_n":60,"prompt_ms":1.5}"#,
        [64, 60, 0, 5, 0],
        Some(UsageDialect::TIMINGS),
    ),
    (
        Place::Top,
        r#"{"prompt_eval_count":4,"eval_count":5}"#,
        [4, 0, 0, 5, 0],
        Some(UsageDialect::EVAL_COUNT),
    ),
];

#[test]
fn each_dialect_is_read_and_named() {
    for (place, json, [prompt, cached, written, completion, reasoning], dialect) in TABLE {
        let usage = read_at(*place, json).unwrap_or_else(|| panic!("{json} says nothing"));
        let is = [
            usage.prompt_tokens(),
            usage.cached_tokens(),
            usage.get(&Unit::CACHE_WRITE),
            usage.completion_tokens(),
            usage.reasoning_tokens(),
        ];
        assert_eq!(is, [*prompt, *cached, *written, *completion, *reasoning], "{json}");
        assert_eq!(usage.dialect, *dialect, "{json}");
    }
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
        r#"{"prompt_tokens":"nine","completion_tokens":5}"#,
        r#"{"prompt_tokens":"-9","completion_tokens":"5"}"#,
        r#"{"prompt_tokens":-9,"completion_tokens":5}"#,
        r#"{"prompt_tokens":NaN,"completion_tokens":5}"#,
        r#"{"prompt_tokens":9,"completion_tokens":5.5}"#,
        r#"{"prompt_tokens":99999999999999999999,"completion_tokens":5}"#,
    ] {
        assert_eq!(read(usage), None, "{usage}");
    }
}

#[test]
fn a_count_in_quotes_is_one() {
    let usage = r#"{"prompt_tokens":"9","completion_tokens":"5","total_tokens":"14"}"#;
    assert_eq!(read(usage), Some(tokens(9, 0, 5, 0)));
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

    #[test]
    fn no_report_takes_the_sum_over_its_bounds(counts in prop::collection::vec((0..WORDS.len(), any::<u64>()), 0..12)) {
        let mut report = serde_json::Map::new();
        for (word, count) in counts {
            let word = &WORDS[word];
            if word.within.is_empty() {
                report.insert(word.name.to_owned(), count.into());
            } else {
                report.insert(word.within.to_owned(), json!({ (word.name): count }));
            }
        }
        for place in [Place::Usage, Place::Choice, Place::XGroq, Place::Metadata, Place::Timings, Place::Top] {
            if let Some(usage) = read_at(place, &Value::from(report.clone()).to_string()) {
                prop_assert!(usage.cached_tokens() <= usage.prompt_tokens());
                prop_assert!(usage.reasoning_tokens() <= usage.completion_tokens());
            }
        }
    }
}
