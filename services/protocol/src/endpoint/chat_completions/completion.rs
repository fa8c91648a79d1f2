//! Writing a small chat completion, whole or as a stream.

use bytes::Bytes;
use serde_json::{Value, json};
use uplion_domain::Usage;

use super::usage;
use crate::sse;

/// What all chunks of an answer have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    pub model: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    Stop,
    Length,
}

impl FinishReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
        }
    }
}

impl Completion {
    /// The body of an answer that is not streamed; one text for each of the answers asked for.
    pub fn whole(&self, texts: &[&str], finish: FinishReason, usage: &Usage) -> Bytes {
        let choices = texts.iter().enumerate().map(|(index, text)| {
            let message = json!({ "role": "assistant", "content": text, "refusal": null });
            json!({ "index": index, "message": message, "logprobs": null, "finish_reason": finish.as_str() })
        });
        let mut body = self.head("chat.completion", &choices.collect::<Vec<_>>());
        body["usage"] = usage::to_json(usage);
        body.to_string().into()
    }

    /// The first chunk: whose turn it is.
    pub fn opening(&self, choice: usize) -> Bytes {
        self.chunk(choice, &json!({ "role": "assistant", "content": "" }), None)
    }

    pub fn piece(&self, choice: usize, text: &str) -> Bytes {
        self.chunk(choice, &json!({ "content": text }), None)
    }

    pub fn finish(&self, choice: usize, finish: FinishReason) -> Bytes {
        self.chunk(choice, &json!({}), Some(finish))
    }

    /// The chunk that comes last, if it was asked for.
    pub fn usage(&self, usage: &Usage) -> Bytes {
        let mut body = self.head("chat.completion.chunk", &[]);
        body["usage"] = usage::to_json(usage);
        sse::event(body.to_string().as_bytes())
    }

    /// What follows the last chunk.
    pub const fn done() -> Bytes {
        Bytes::from_static(sse::DONE)
    }

    fn chunk(&self, choice: usize, delta: &Value, finish: Option<FinishReason>) -> Bytes {
        let finish = finish.map(FinishReason::as_str);
        let choice =
            json!({ "index": choice, "delta": delta, "logprobs": null, "finish_reason": finish });
        sse::event(self.head("chat.completion.chunk", &[choice]).to_string().as_bytes())
    }

    fn head(&self, object: &str, choices: &[Value]) -> Value {
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model, "choices": choices,
        })
    }
}

#[cfg(test)]
mod spec {
    use proptest::prelude::*;
    use uplion_domain::usage::Source;

    use super::*;
    use crate::{
        endpoint::{PieceKind, chat_completions::Chunk},
        sse::Payload,
    };

    fn answer() -> Completion {
        Completion { id: "chatcmpl-1".into(), created: 7, model: "demo".into() }
    }

    fn usage() -> Usage {
        Usage::tokens(3, 1, 2, 0, Source::Reported)
    }

    #[test]
    fn a_whole_answer_is_what_the_sdks_read() {
        let body: Value =
            serde_json::from_slice(&answer().whole(&["hi"], FinishReason::Stop, &usage())).unwrap();
        let expected = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "demo",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi", "refusal": null},
                "logprobs": null, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 0}},
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_stream_opens_speaks_finishes_counts_and_is_done() {
        let answer = answer();
        let run = [
            answer.opening(0),
            answer.piece(0, "hi"),
            answer.finish(0, FinishReason::Length),
            answer.usage(&usage()),
            Completion::done(),
        ]
        .concat();
        insta::assert_snapshot!(String::from_utf8(run).unwrap(), @r#"
        data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"created":7,"id":"chatcmpl-1","model":"demo","object":"chat.completion.chunk"}

        data: {"choices":[{"delta":{"content":"hi"},"finish_reason":null,"index":0,"logprobs":null}],"created":7,"id":"chatcmpl-1","model":"demo","object":"chat.completion.chunk"}

        data: {"choices":[{"delta":{},"finish_reason":"length","index":0,"logprobs":null}],"created":7,"id":"chatcmpl-1","model":"demo","object":"chat.completion.chunk"}

        data: {"choices":[],"created":7,"id":"chatcmpl-1","model":"demo","object":"chat.completion.chunk","usage":{"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":0},"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":1},"total_tokens":5}}

        data: [DONE]
        "#);
    }

    proptest! {
        #[test]
        fn what_was_said_is_what_is_read(texts in prop::collection::vec(any::<String>(), 0..5)) {
            let run: Vec<u8> = texts.iter().flat_map(|text| answer().piece(0, text)).collect();
            let mut read = String::new();
            for event in sse::events(&run) {
                let Payload::Data(json) = event.payload else { panic!("a piece is data") };
                for piece in Chunk::read(&json).unwrap().pieces {
                    prop_assert_eq!(piece.kind, PieceKind::Content);
                    read.push_str(&piece.text);
                }
            }
            prop_assert_eq!(read, texts.concat());
        }

        #[test]
        fn a_whole_answers_usage_is_read_back(prompt in 0..1u64 << 40, completion in 0..1u64 << 40) {
            let usage = Usage::tokens(prompt, 0, completion, 0, Source::Reported);
            let body = answer().whole(&["a", "b"], FinishReason::Stop, &usage);
            let read = Chunk::read(&body).unwrap();
            prop_assert_eq!((read.usage, read.choices, read.finished), (Some(usage), 2, 0b11));
        }
    }
}
