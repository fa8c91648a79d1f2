//! The text of an answer and its JSON: a function of the messages, the model and the script.

use std::fmt::Write;

use bytes::Bytes;

use super::{request::ChatRequest, script::Script};

/// 2026-01-01; a clock would make answers differ.
const CREATED: u64 = 1_767_225_600;

/// What is to be said; made once a request.
#[derive(Debug)]
pub(super) struct ScriptedAnswer {
    /// `"model":"…","id":"chatcmpl-…",` and what else all its JSON objects have.
    common: String,
    mark: String,
    chunks: u32,
    chunk_bytes: usize,
    padding_bytes: usize,
    pub prompt_tokens: u32,
    usage: bool,
}

impl ScriptedAnswer {
    pub fn new(request: &ChatRequest, script: &Script) -> Self {
        let messages = request.messages.get();
        let mark = format!("{:016x}", fnv1a(messages.as_bytes()));
        let model = serde_json::Value::from(&*request.model);
        // Not the mark: a log may say how an upstream calls a request, and never what it answered.
        let id = fnv1a(mark.as_bytes());
        let common = format!(r#""id":"chatcmpl-{id:016x}","created":{CREATED},"model":{model},"#);
        Self {
            common,
            mark,
            chunks: script.chunks,
            chunk_bytes: script.chunk_bytes,
            padding_bytes: script.padding_bytes,
            prompt_tokens: u32::try_from(messages.len() / 4 + 1).unwrap_or(u32::MAX),
            usage: request.wants_usage() && !script.no_usage,
        }
    }

    /// The mark of the request first, so that no other request's answer looks the same; then numbers.
    fn write_text(&self, n: u32, into: &mut String) {
        let start = into.len();
        if n == 0 {
            into.push_str(&self.mark);
        } else {
            into.push(' ');
        }
        // Writing to a String cannot fail.
        let _ = write!(into, "{n}");
        let missing = (start + self.chunk_bytes).saturating_sub(into.len());
        into.push_str(&".".repeat(missing));
    }

    fn write_usage(&self, into: &mut String) {
        let (prompt, completion) = (self.prompt_tokens, self.chunks);
        let _ = write!(
            into,
            r#""usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{}}}"#,
            prompt.saturating_add(completion)
        );
    }

    pub fn whole(&self) -> Bytes {
        let length = 300 + self.common.len() + self.chunks as usize * self.chunk_bytes.max(12);
        let mut json = String::with_capacity(length);
        json.push('{');
        json.push_str(&self.common);
        json.push_str(r#""object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":""#);
        for n in 0..self.chunks {
            self.write_text(n, &mut json);
        }
        json.push_str(r#""},"finish_reason":"stop"}]"#);
        if self.usage {
            json.push(',');
            self.write_usage(&mut json);
        }
        json.push('}');
        json.into()
    }

    /// The event of one piece of text.
    pub fn chunk(&self, n: u32) -> String {
        let bytes = 200 + self.common.len() + self.chunk_bytes + self.padding_bytes;
        let mut frame = String::with_capacity(bytes);
        self.open(&mut frame);
        if self.padding_bytes > 0 {
            // Called so by OpenAI, who pads chunks so that their lengths do not tell what they say.
            frame.push_str("\"obfuscation\":\"");
            frame.push_str(&".".repeat(self.padding_bytes));
            frame.push_str("\",");
        }
        frame.push_str(r#""choices":[{"index":0,"delta":{"#);
        if n == 0 {
            frame.push_str(r#""role":"assistant","#);
        }
        frame.push_str(r#""content":""#);
        self.write_text(n, &mut frame);
        frame.push_str("\"},\"finish_reason\":null}]}\n\n");
        frame
    }

    /// The reason of the end, usage if asked for, and the mark of the end.
    pub fn end(&self, done: bool) -> String {
        let mut frames = String::with_capacity(400 + 2 * self.common.len());
        self.open(&mut frames);
        frames.push_str("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
        if self.usage {
            self.open(&mut frames);
            frames.push_str(r#""choices":[],"#);
            self.write_usage(&mut frames);
            frames.push_str("}\n\n");
        }
        if done {
            frames.push_str("data: [DONE]\n\n");
        }
        frames
    }

    fn open(&self, frame: &mut String) {
        frame.push_str("data: {");
        frame.push_str(&self.common);
        frame.push_str(r#""object":"chat.completion.chunk","#);
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn answer(content: &str) -> ScriptedAnswer {
        let body = format!(
            r#"{{"model":"m\"","messages":[{{"role":"user","content":"{content}"}}],"stream":true,"stream_options":{{"include_usage":true}}}}"#
        );
        ScriptedAnswer::new(&ChatRequest::read(body.as_bytes()).unwrap(), &Script::default())
    }

    fn event(frame: &str) -> Value {
        serde_json::from_str(frame.strip_prefix("data: ").unwrap().trim_end()).unwrap()
    }

    #[test]
    fn the_chunks_of_an_answer_make_the_whole() {
        let answer = answer("hello");
        let whole: Value = serde_json::from_slice(&answer.whole()).unwrap();
        let chunks: String = (0..20)
            .map(|n| {
                event(&answer.chunk(n))["choices"][0]["delta"]["content"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(whole["choices"][0]["message"]["content"], chunks.as_str());
        assert_eq!(whole["model"], "m\"");
    }

    #[test]
    fn two_requests_get_two_answers() {
        assert_ne!(answer("one").whole(), answer("two").whole());
        assert_eq!(answer("one").whole(), answer("one").whole());
    }

    #[test]
    fn the_end_has_reason_usage_and_done() {
        let end = answer("hello").end(true);
        let frames: Vec<&str> = end.split_terminator("\n\n").collect();
        assert_eq!(event(frames[0])["choices"][0]["finish_reason"], "stop");
        assert_eq!(event(frames[1])["usage"]["completion_tokens"], 20);
        assert_eq!(frames[2], "data: [DONE]");
    }
}
