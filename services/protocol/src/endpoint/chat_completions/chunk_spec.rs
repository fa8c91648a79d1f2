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
    assert_eq!((chunk.is_finished(), chunk.is_usage_only(), chunk.usage), (false, false, None));
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
    assert_eq!((chunk.seen, chunk.finished), (0b111, 0b100));
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
}

#[test]
fn the_text_of_a_content_in_parts_is_read_and_thoughts_are_reasoning() {
    let chunk = read(
        r#"{"choices":[{"delta":{"content":[
            {"type":"thinking","thinking":[{"type":"text","text":"hm"},{"type":"reference","ids":[1]}]},
            {"type":"thinking","thinking":"so"},
            {"type":"text","text":"yes"},{"type":"image_url","image_url":"x"},7]}}]}"#,
    );
    let kinds = [PieceKind::Reasoning, PieceKind::Reasoning, PieceKind::Content];
    assert_eq!(chunk.pieces.iter().map(|piece| piece.kind).collect::<Vec<_>>(), kinds);
    assert_eq!(chunk.pieces.iter().map(|piece| piece.text.as_ref()).collect::<String>(), "hmsoyes");
}

#[test]
fn an_empty_reason_is_none() {
    for (reason, finished) in [("null", 0), ("\"\"", 0), ("\"null\"", 0), ("\"stop\"", 1)] {
        let json = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":{reason}}}]}}"#);
        assert_eq!(read(&json).finished, finished, "{reason}");
    }
}

#[test]
fn what_only_opens_an_answer_tells_nothing() {
    let tells = |delta: &str| read(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)).tells;
    for opening in [
        r#"{"role":"assistant"}"#,
        r#"{"role":"assistant","content":"","refusal":null,"tool_calls":[],"audio":{}}"#,
        "{}",
    ] {
        assert!(!tells(opening), "{opening}");
    }
    for telling in [
        r#"{"content":"x"}"#,
        r#"{"tool_calls":[{"index":0,"id":"call_1"}]}"#,
        r#"{"audio":{"id":"a"}}"#,
        r#"{"content":[{"type":"text","text":""}]}"#,
    ] {
        assert!(tells(telling), "{telling}");
    }
}

#[test]
fn bytes_that_are_no_text_stand_for_no_character() {
    let chunk = Chunk::read(b"{\"choices\":[{\"delta\":{\"content\":\"a\xff\"}}]}").unwrap();
    assert_eq!(chunk.pieces[0].text, "a\u{fffd}");
}

#[test]
fn of_several_reports_the_usual_one_is_believed_unless_it_says_nothing() {
    let usage = |json: &str| read(json).usage.unwrap().prompt_tokens();
    let groq = r#""x_groq":{"id":"r","usage":{"prompt_tokens":7,"completion_tokens":2}}"#;
    let usual =
        |prompt: u64| format!(r#""usage":{{"prompt_tokens":{prompt},"completion_tokens":0}}"#);
    assert_eq!(usage(&format!("{{{groq},{}}}", usual(9))), 9);
    assert_eq!(usage(&format!("{{{},{groq}}}", usual(9))), 9);
    assert_eq!(usage(&format!("{{{},{groq}}}", usual(0))), 7);
    assert_eq!(usage(r#"{"eval_count":2,"prompt_eval_count":5}"#), 5);
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
