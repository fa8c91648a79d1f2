//! What a request gives a model to read, for counting its tokens where the upstream reports none.

use std::borrow::Cow;

use crate::{
    Malformed,
    json::scan::{Kind, Scanner},
};

/// The texts of the prompt, in order: messages (also tool calls among them), tools and a wished-for schema as
/// they stand. Pictures and sound are left out: their tokens are not those of their base64.
pub(super) fn texts(body: &[u8]) -> Result<Vec<Cow<'_, str>>, Malformed> {
    let mut texts = Vec::new();
    Scanner::document(body, |scan| {
        scan.object_if_any(|scan, key| match key.decode().as_ref() {
            "messages" => scan.array_if_any(|scan| message(scan, &mut texts)),
            "tools" | "functions" | "response_format" => {
                let start = scan.at();
                scan.skip()?;
                texts.push(Cow::Borrowed(scan.since(start)));
                Ok(())
            }
            _ => scan.skip(),
        })
    })?;
    Ok(texts)
}

fn message<'a>(scan: &mut Scanner<'a>, texts: &mut Vec<Cow<'a, str>>) -> Result<(), Malformed> {
    scan.object_if_any(|scan, key| match key.decode().as_ref() {
        "content" => content(scan, texts),
        "name" | "refusal" | "reasoning_content" | "reasoning" => text(scan, texts),
        "tool_calls" => scan.array_if_any(|scan| {
            scan.object_if_any(|scan, key| {
                if key.decode() == "function" { function(scan, texts) } else { scan.skip() }
            })
        }),
        "function_call" => function(scan, texts),
        _ => scan.skip(),
    })
}

/// A message's text: one string, or parts of which some are text.
fn content<'a>(scan: &mut Scanner<'a>, texts: &mut Vec<Cow<'a, str>>) -> Result<(), Malformed> {
    if scan.peek() != Kind::Array {
        return text(scan, texts);
    }
    scan.array(|scan| {
        scan.object_if_any(|scan, key| match key.decode().as_ref() {
            "text" | "refusal" => text(scan, texts),
            _ => scan.skip(),
        })
    })
}

fn function<'a>(scan: &mut Scanner<'a>, texts: &mut Vec<Cow<'a, str>>) -> Result<(), Malformed> {
    scan.object_if_any(|scan, key| match key.decode().as_ref() {
        "name" | "arguments" => text(scan, texts),
        _ => scan.skip(),
    })
}

fn text<'a>(scan: &mut Scanner<'a>, texts: &mut Vec<Cow<'a, str>>) -> Result<(), Malformed> {
    texts.extend(scan.text_if_any()?.filter(|text| !text.is_empty()));
    Ok(())
}

#[cfg(test)]
mod spec {
    use super::*;

    #[test]
    fn messages_are_read_whether_string_or_parts() {
        let body = br#"{"model":"m","messages":[
            {"role":"system","content":"be brief"},
            {"role":"user","name":"ada","content":[
                {"type":"text","text":"what is \u00e9?"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
                {"type":"text","text":"say"}]},
            {"role":"assistant","content":null,"tool_calls":[
                {"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
            {"role":"tool","tool_call_id":"call_1","content":"seen"}]}"#;
        assert_eq!(
            texts(body).unwrap(),
            ["be brief", "ada", "what is é?", "say", "look", r#"{"at":1}"#, "seen"]
        );
    }

    #[test]
    fn tools_count_as_they_stand() {
        let body = br#"{"tools":[{"type":"function","function":{"name":"look"}}],"messages":[]}"#;
        assert_eq!(texts(body).unwrap(), [r#"[{"type":"function","function":{"name":"look"}}]"#]);
    }

    #[test]
    fn a_prompt_of_odd_shapes_counts_what_is_text() {
        let body = br#"{"messages":[7,{"content":{"text":"x"}},{"content":["y",{"text":1},{"text":"z"}]},[]]}"#;
        assert_eq!(texts(body).unwrap(), ["z"]);
        assert!(texts(br#"{"messages":"#).is_err());
        assert!(texts(b"[]").unwrap().is_empty());
    }
}
