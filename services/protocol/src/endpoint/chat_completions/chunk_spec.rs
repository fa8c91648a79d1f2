//! Chunks and completions as model servers send them.

use proptest::prelude::*;

use super::*;

fn read(json: &str) -> Chunk<'_> {
    Chunk::read(json.as_bytes()).unwrap()
}

fn pieces<'a>(chunk: &'a Chunk<'_>) -> Vec<(u64, PieceKind, &'a str)> {
    chunk.pieces.iter().map(|piece| (piece.choice, piece.kind, piece.text.as_ref())).collect()
}

const USAGE: &str = r#"{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#;

#[test]
fn a_delta_gives_its_text() {
    let chunk = read(
        r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"h\u00e9"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
    );
    assert_eq!(pieces(&chunk), [(0, PieceKind::Content, "hé")]);
    assert_eq!((chunk.finished, chunk.is_usage_only(), chunk.usage), (false, false, None));
}

#[test]
fn every_kind_of_text_is_told_apart() {
    let chunk = read(
        r#"{"choices":[
            {"delta":{"role":"assistant","content":"","reasoning":"hm","reasoning_content":"hm"},"index":1},
            {"index":0,"delta":{"refusal":"no","tool_calls":[{"index":0,"id":"call_1","function":{"name":"look","arguments":"{}"}}]}},
            {"index":2,"delta":{"function_call":{"arguments":"x"}},"finish_reason":"stop"}]}"#,
    );
    assert_eq!(
        pieces(&chunk),
        [
            (1, PieceKind::Reasoning, "hm"),
            (0, PieceKind::Refusal, "no"),
            (0, PieceKind::ToolCall, "look"),
            (0, PieceKind::ToolCall, "{}"),
            (2, PieceKind::ToolCall, "x"),
        ]
    );
    assert!(chunk.finished);
}

#[test]
fn a_whole_completion_is_read_the_same_way() {
    let json = format!(
        r#"{{"object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":"hi"}},"finish_reason":"stop"}}],"usage":{USAGE}}}"#
    );
    let completion = read(&json);
    assert_eq!(pieces(&completion), [(0, PieceKind::Content, "hi")]);
    assert!(!completion.is_usage_only());
    assert_eq!(completion.usage.unwrap().total_tokens(), 5);
}

#[test]
fn only_a_chunk_without_choices_and_with_usage_is_withheld() {
    let only = |json: &str| read(json).is_usage_only();
    assert!(only(&format!(r#"{{"choices":[],"usage":{USAGE}}}"#)));
    assert!(only(r#"{"choices":[],"usage":{"prompt_tokens":"?"}}"#));
    assert!(!only(r#"{"choices":[],"usage":null}"#));
    assert!(!only(r#"{"choices":[],"prompt_filter_results":[]}"#));
    assert!(!only(&format!(
        r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],"usage":{USAGE}}}"#
    )));
    assert!(!only(&format!(r#"{{"error":{{"message":"x"}},"usage":{USAGE}}}"#)));
}

#[test]
fn an_error_on_a_stream_is_seen() {
    assert_eq!(
        read(r#"{"error":{"message":"out of memory","code":500}}"#).error.unwrap(),
        "out of memory"
    );
    assert_eq!(read(r#"{"error":"out of memory"}"#).error.unwrap(), "out of memory");
    assert_eq!(read(r#"{"error":{}}"#).error.unwrap(), "the upstream reports an error");
    assert_eq!(read(r#"{"error":null,"choices":[]}"#).error, None);
}

#[test]
fn odd_shapes_say_nothing_and_broken_ones_are_errors() {
    for odd in [
        "[]",
        "7",
        r#"{"choices":{}}"#,
        r#"{"choices":[7,null]}"#,
        r#"{"choices":[{"delta":{"content":[1]}}]}"#,
    ] {
        assert_eq!(read(odd).pieces, [], "{odd}");
    }
    assert!(Chunk::read(br#"{"choices":[{"delta":{"content":"h"#).is_err());
    assert!(Chunk::read(b"").is_err());
}

proptest! {
    #[test]
    fn the_text_of_any_delta_comes_out_whole(texts in prop::collection::vec(any::<String>(), 0..5)) {
        let choices: Vec<_> =
            texts.iter().map(|text| serde_json::json!({"delta": {"content": text}, "finish_reason": null})).collect();
        let json = serde_json::json!({"choices": choices}).to_string();
        let chunk = read(&json);
        let expected: Vec<_> = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
            .map(|(choice, text)| (choice as u64, PieceKind::Content, text.as_str()))
            .collect();
        prop_assert_eq!(pieces(&chunk), expected);
        prop_assert_eq!(chunk.choices, texts.len());
    }
}
