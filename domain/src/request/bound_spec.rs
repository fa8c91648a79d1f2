//! What is charged is never more than was reported, never more than the bound, and exact within it.

use proptest::prelude::*;

use super::*;
use crate::usage::{MAX_PIECES, Source};

fn any_unit() -> impl Strategy<Value = Unit> {
    let known = prop::sample::select(<crate::usage::UnitKind as crate::word::Kind>::KNOWN.to_vec());
    known.prop_map(|text| text.parse().unwrap())
}

/// Small, near bounds, and absurd.
fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![0..2_000_u64, 0..4 * MOST_TOKENS, any::<u64>()]
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let source = prop_oneof![Just(Source::Reported), Just(Source::Counted)];
    (prop::collection::vec((any_unit(), any_count()), 0..8), source).prop_map(|(units, source)| {
        Usage { units: units.into_iter().collect(), source, dialect: None }
    })
}

fn any_bound() -> impl Strategy<Value = UsageBound> {
    let most = || proptest::option::of(any_count());
    (most(), most()).prop_map(|(prompt, output)| UsageBound { prompt, output })
}

proptest! {
    #[test]
    fn no_unit_is_charged_beyond_what_was_reported(bound in any_bound(), reported in any_usage()) {
        let (charged, _) = bound.apply(reported.clone());
        prop_assert!(charged.units.iter().all(|(unit, count)| count <= reported.get(unit)));
        prop_assert_eq!((charged.source, charged.dialect), (reported.source, reported.dialect));
    }

    #[test]
    fn nothing_is_charged_beyond_the_bound(bound in any_bound(), reported in any_usage()) {
        let (charged, _) = bound.apply(reported);
        let prompt = bound.prompt.unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
        let output = bound.output.unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
        prop_assert!(charged.prompt_tokens() <= prompt);
        prop_assert!(charged.get(&Unit::OUTPUT) <= output);
        prop_assert!(charged.completion_tokens() <= MOST_TOKENS);
        prop_assert!(charged.get(&Unit::IMAGES) <= MAX_PIECES);
        prop_assert!(bound.holds(&charged));
    }

    #[test]
    fn what_is_within_is_charged_exactly_and_what_is_not_is_in_doubt(bound in any_bound(), reported in any_usage()) {
        let (charged, doubt) = bound.apply(reported.clone());
        prop_assert_eq!(doubt.is_none(), charged == reported);
        if let Some(doubt) = doubt {
            prop_assert!(!doubt.marks.is_empty() && !doubt.reported.is_empty());
        }
    }

    /// What a server may count that does what it was asked.
    #[test]
    fn an_honest_answer_is_never_cut(
        bytes in 0..1_000_000_u64,
        (answer, answers) in (0..200_000_u64, 1..9_u32),
        (part, cached) in (0..=100_u64, 0..=100_u64),
        reasoning in 0..500_000_u64,
    ) {
        let bound = UsageBound::of(Asked { text_bytes: Some(bytes), answer: Some(answer), answers });
        let (prompt, all) = (bytes * part / 100, u64::from(answers));
        let completion = answer * all + reasoning;
        let reported = Usage::tokens(prompt, prompt * cached / 100, completion, reasoning, Source::Reported);
        prop_assert_eq!(bound.apply(reported.clone()), (reported, None));
    }
}

#[test]
fn an_absurd_part_is_what_is_cut() {
    let absurd = Usage::tokens(1_000_000_000_000_000, 40, 5, 0, Source::Reported);
    let bound = UsageBound::of(Asked { text_bytes: Some(1_000), answer: None, answers: 1 });
    let (charged, doubt) = bound.apply(absurd);
    assert_eq!(charged, Usage::tokens(101_000, 40, 5, 0, Source::Reported));
    let doubt = doubt.unwrap();
    assert_eq!(doubt.marks, [Mark::BEYOND_BODY]);
    assert_eq!(doubt.reported.prompt_tokens(), 1_000_000_000_000_000);
}

#[test]
fn reasoning_is_bounded_by_the_model_alone() {
    let bound = UsageBound::of(Asked { text_bytes: None, answer: Some(100), answers: 1 });
    let thought = Usage::tokens(10, 0, 9_000_100, 9_000_000, Source::Reported);
    assert_eq!(bound.apply(thought.clone()), (thought, None));
    let absurd = Usage::tokens(10, 0, 1 << 50, (1 << 50) - 5, Source::Reported);
    let (charged, doubt) = bound.apply(absurd);
    assert_eq!((charged.completion_tokens(), charged.get(&Unit::OUTPUT)), (MOST_TOKENS, 5));
    assert_eq!(doubt.unwrap().marks, [Mark::BEYOND_MODEL]);
}

#[test]
fn a_small_bound_has_the_smaller_tolerance() {
    let output = |answer| UsageBound::of(Asked { text_bytes: None, answer, answers: 3 }).output;
    assert_eq!(output(Some(0)), Some(3 * 64));
    assert_eq!(output(Some(4_000)), Some(3 * 5_000));
    assert_eq!(output(Some(u64::MAX)), Some(u64::MAX));
    assert_eq!(output(None), None);
}
