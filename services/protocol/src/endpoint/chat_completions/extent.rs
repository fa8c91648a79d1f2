//! Whether a body bounds what it can use: its prompt by its bytes, its answers by the tokens that it asks for.
//!
//! Pictures and sound take other tokens than bytes, and what a member means that is not known here nobody can say: it
//! may have the upstream search the web, or try several answers and give one. Then there is no such bound.

use crate::{
    Malformed,
    json::scan::{Kind, Scanner},
};

/// Members of a body that have a model neither read nor write more than the others say.
const MEMBERS: &[&str] = &[
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    // Of local servers.
    "chat_template_kwargs",
    "ignore_eos",
    "min_p",
    "min_tokens",
    "repeat_penalty",
    "repetition_penalty",
    "skip_special_tokens",
    "stop_token_ids",
    "top_k",
];
const OF_MESSAGES: &[&str] = &[
    "annotations",
    "function_call",
    "name",
    "reasoning",
    "reasoning_content",
    "refusal",
    "role",
    "tool_call_id",
    "tool_calls",
];
const OF_PARTS: &[&str] = &["annotations", "cache_control", "refusal", "text"];
const TEXT_PARTS: [&str; 2] = ["text", "refusal"];

#[derive(Debug, Default)]
pub(super) struct Extent {
    /// Some of the prompt is no text, or elsewhere.
    has_media: bool,
    /// Something is asked for of which it is not known what it takes.
    is_open: bool,
}

impl Extent {
    pub const fn bounds_prompt(&self) -> bool {
        !self.has_media && !self.is_open
    }

    pub const fn bounds_answers(&self) -> bool {
        !self.is_open
    }

    /// A member of the body that nothing else is read of. Null is as good as absent.
    pub fn member(&mut self, scan: &Scanner<'_>, key: &str) {
        self.is_open |= scan.peek() != Kind::Null && !MEMBERS.contains(&key);
    }

    pub fn messages(&mut self, scan: &mut Scanner<'_>) -> Result<(), Malformed> {
        scan.array_if_any(|scan| {
            scan.object_if_any(|scan, key| match key.decode().as_ref() {
                "content" => self.content(scan),
                key => self.within(scan, key, OF_MESSAGES),
            })
        })
    }

    /// Those that the upstream itself calls read and write on their own.
    pub fn tools(&mut self, scan: &mut Scanner<'_>) -> Result<(), Malformed> {
        scan.array_if_any(|scan| {
            let mut is_function = false;
            scan.object_if_any(|scan, key| {
                if key.decode() != "type" {
                    return scan.skip();
                }
                is_function = scan.text_if_any()?.is_some_and(|kind| kind == "function");
                Ok(())
            })?;
            self.is_open |= !is_function;
            Ok(())
        })
    }

    fn content(&mut self, scan: &mut Scanner<'_>) -> Result<(), Malformed> {
        if scan.peek() != Kind::Array {
            self.has_media |= scan.peek() == Kind::Object;
            return scan.skip();
        }
        scan.array(|scan| {
            scan.object_if_any(|scan, key| match key.decode().as_ref() {
                "type" => {
                    let kind = scan.text_if_any()?;
                    self.has_media |= !kind.is_some_and(|kind| TEXT_PARTS.contains(&&*kind));
                    Ok(())
                }
                key => self.within(scan, key, OF_PARTS),
            })
        })
    }

    fn within(
        &mut self,
        scan: &mut Scanner<'_>,
        key: &str,
        known: &[&str],
    ) -> Result<(), Malformed> {
        self.has_media |= scan.peek() != Kind::Null && !known.contains(&key);
        scan.skip()
    }
}

#[cfg(test)]
mod spec {
    use super::super::request::read;

    /// Whether its bytes bound its prompt, and its `max_tokens` its answers.
    fn bounds(member: &str) -> (bool, bool) {
        let body = format!(r#"{{"model":"m","max_tokens":9,{member}}}"#);
        let asked = read(body.as_bytes()).unwrap().asked;
        assert!(asked.text_bytes.is_none_or(|bytes| bytes == body.len() as u64));
        (asked.text_bytes.is_some(), asked.answer == Some(9))
    }

    #[test]
    fn text_is_bounded_by_its_bytes() {
        for member in [
            r#""messages":[{"role":"user","content":"hello"}]"#,
            r#""messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]"#,
            r#""messages":[{"role":"assistant","content":null,"audio":null,"tool_calls":[{"id":"1"}]}]"#,
            r#""temperature":1,"top_k":3,"web_search_options":null"#,
            r#""tools":[{"type":"function","function":{"name":"look"}}]"#,
        ] {
            assert_eq!(bounds(member), (true, true), "{member}");
        }
    }

    #[test]
    fn pictures_and_sound_are_not_bounded_by_their_bytes() {
        for member in [
            r#""messages":[{"content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]"#,
            r#""messages":[{"content":[{"type":"input_audio","input_audio":{"data":"AA"}}]}]"#,
            r#""messages":[{"content":"x"},{"content":[{"type":"text","text":"a","file":{}}]}]"#,
            r#""messages":[{"content":"x","images":["AAAA"]}]"#,
            r#""messages":[{"role":"assistant","audio":{"id":"audio_1"}}]"#,
        ] {
            assert_eq!(bounds(member), (false, true), "{member}");
        }
    }

    #[test]
    fn nothing_is_bounded_where_more_may_be_meant() {
        for member in [
            r#""best_of":4"#,
            r#""prediction":{"type":"content","content":"x"}"#,
            r#""web_search_options":{}"#,
            r#""tools":[{"type":"function"},{"type":"web_search"}]"#,
            r#""tools":[{"google_search":{}}]"#,
        ] {
            assert_eq!(bounds(member), (false, false), "{member}");
        }
    }
}
