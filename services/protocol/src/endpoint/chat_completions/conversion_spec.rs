//! Streams put together and completions taken apart: what was said stays said.

use proptest::prelude::*;
use serde_json::{Value, json};
use uplion_domain::usage::Source;

use super::{super::splitting, *};
use crate::sse::{self, Payload};

fn counted() -> Usage {
    Usage::tokens(3, 0, 2, 0, Source::Counted)
}

fn gathered(events: &[Value]) -> Value {
    let mut gathered = Gathered::default();
    for event in events {
        gathered.event(event.to_string().as_bytes()).unwrap();
    }
    serde_json::from_slice(&gathered.whole(&counted())).unwrap()
}

fn delta(index: u64, delta: &Value, why: Option<&str>) -> Value {
    let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": why});
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": [choice]})
}

#[test]
fn texts_of_all_choices_are_put_together_with_usage_and_what_is_unknown() {
    let mut first = delta(1, &json!({"role": "assistant", "content": ""}), None);
    first["system_fingerprint"] = "fp".into();
    let mut end = delta(0, &json!({}), Some("stop"));
    end["citations"] = json!(["a"]);
    let whole = gathered(&[
        first,
        delta(0, &json!({"role": "assistant", "reasoning_content": "h"}), None),
        delta(1, &json!({"content": "a"}), Some("")),
        delta(0, &json!({"reasoning_content": "m", "content": "y"}), None),
        delta(1, &json!({"content": "b", "new": 5}), Some("length")),
        delta(0, &json!({"content": "es", "refusal": "no"}), None),
        end,
        json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}),
        json!({"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}}),
    ]);
    let expected = json!({
        "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
        "system_fingerprint": "fp", "citations": ["a"],
        "choices": [
            {"index": 0, "logprobs": null, "finish_reason": "stop", "message":
                {"role": "assistant", "reasoning_content": "hm", "content": "yes", "refusal": "no"}},
            {"index": 1, "logprobs": null, "finish_reason": "length", "message":
                {"role": "assistant", "content": "ab", "new": 5}},
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5},
    });
    assert_eq!(whole, expected);
}

#[test]
fn tool_calls_are_put_together_by_their_index_or_their_id() {
    let call = |index: Value, id: Value, name: &str, arguments: &str| {
        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": arguments}}]})
    };
    let whole = gathered(&[
        delta(0, &call(json!(0), json!("a"), "look", "{"), None),
        delta(0, &json!({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}), None),
        // The same index for another call, and calls without one.
        delta(0, &call(json!(0), json!("b"), "find", "[]"), None),
        delta(0, &call(Value::Null, json!("c"), "say", "1"), None),
        delta(0, &json!({"tool_calls": [{"function": {"arguments": "2"}}]}), Some("tool_calls")),
    ]);
    let made = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let message = &whole["choices"][0]["message"];
    assert_eq!(message["tool_calls"][0], made("a", "look", "{}"));
    assert_eq!(message["tool_calls"][1], made("b", "find", "[]"));
    assert_eq!(message["tool_calls"][2], made("c", "say", "12"));
    assert_eq!(message["content"], Value::Null);
    assert_eq!(whole["usage"]["total_tokens"], 5, "what was counted");
}

#[test]
fn logprobs_and_parts_of_a_content_follow_each_other() {
    let mut first = delta(0, &json!({"content": [{"type": "text", "text": "a"}]}), None);
    first["choices"][0]["logprobs"] = json!({"content": [{"token": "a", "logprob": -0.5}]});
    let mut second = delta(0, &json!({"content": [{"type": "text", "text": "b"}]}), Some("stop"));
    second["choices"][0]["logprobs"] = json!({"content": [{"token": "b", "logprob": -1}]});
    let whole = gathered(&[first, second]);
    let choice = &whole["choices"][0];
    assert_eq!(choice["message"]["content"], json!([{"type": "text", "text": "ab"}]));
    assert_eq!(choice["logprobs"]["content"].as_array().unwrap().len(), 2);
}

#[test]
fn halves_of_a_character_become_one() {
    let mut gathered = Gathered::default();
    for half in [r"\ud83e", r"\udd80"] {
        let event = format!(r#"{{"choices":[{{"delta":{{"content":"{half}"}}}}]}}"#);
        gathered.event(event.as_bytes()).unwrap();
    }
    let whole: Value = serde_json::from_slice(&gathered.whole(&counted())).unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], "🦀");
}

fn split(whole: &Value) -> Vec<Value> {
    let events = splitting::events(whole.to_string().as_bytes()).unwrap();
    sse::events(&events)
        .map(|event| match event.payload {
            Payload::Data(json) => serde_json::from_slice(&json).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_completion_becomes_chunks_that_say_it() {
    let whole = json!({
        "id": "c1", "object": "chat.completion", "created": 7, "model": "m", "service_tier": "flex",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": {"content": []}, "message":
            {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "function": {"name": "look", "arguments": ""}}]}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5},
    });
    let [says, ends, usage] = &split(&whole)[..] else { panic!("three chunks") };
    assert_eq!(
        (&says["object"], &says["service_tier"]),
        (&json!("chat.completion.chunk"), &json!("flex"))
    );
    let choice = &says["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["delta"]["tool_calls"][0]["index"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!(ends["choices"], json!([{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]));
    assert_eq!((&usage["choices"], &usage["usage"]), (&json!([]), &whole["usage"]));
}

proptest! {
    #[test]
    fn taken_apart_and_put_together_a_completion_is_the_same(texts in prop::collection::vec(any::<String>(), 1..4), reason in "[a-z]{1,8}") {
        let choices: Vec<Value> = texts.iter().enumerate().map(|(n, text)| json!({
            "index": n, "finish_reason": reason, "logprobs": null, "stop_reason": 7,
            "message": {"role": "assistant", "content": text, "reasoning": "hm"},
        })).collect();
        let whole = json!({
            "id": "c1", "object": "chat.completion", "created": 7, "model": "m", "x": {"y": [1, null]},
            "choices": choices, "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        });
        prop_assert_eq!(gathered(&split(&whole)), whole);
    }

    #[test]
    fn however_a_text_is_cut_it_comes_out_whole(text: String, cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let chunks: Vec<Value> = places.windows(2).map(|cut| delta(0, &json!({"content": text[cut[0]..cut[1]]}), None)).collect();
        prop_assert_eq!(&gathered(&chunks)["choices"][0]["message"]["content"], &json!(text));
    }
}
