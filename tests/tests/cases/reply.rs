//! What an upstream replies, as a case writes it down.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::encode::{Encoder, Encoding};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Only to bodies that hold this.
    #[serde(default)]
    pub when: Option<String>,
    #[serde(default = "ok")]
    pub status: u16,
    /// Without, nothing at all is sent: what `end` says happens after the pauses.
    #[serde(default = "yes")]
    pub head: bool,
    /// Beside a content type by what the body is; null: without this one.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    #[serde(default)]
    body: Vec<Part>,
    #[serde(default)]
    pub framing: Framing,
    /// In which the body is sent, whatever the headers say; they say the same if they say nothing.
    #[serde(default)]
    encoding: Option<Encoding>,
    #[serde(default)]
    pub end: End,
}

const fn yes() -> bool {
    true
}

const fn ok() -> u16 {
    200
}

/// How a client of the upstream is told where the body ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    #[default]
    Chunked,
    Length,
    /// By closing the connection.
    Close,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    #[default]
    Whole,
    /// The connection is closed although the framing promises more.
    Cut,
    /// Nothing more comes, and the connection stays open.
    Open,
    Reset,
}

/// A piece of a body; each is sent on its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Shorthand(Shorthand),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Shorthand {
    Hex(String),
    /// JSON as it stands.
    Json(Value),
    /// An event with this data, a text or JSON.
    Data(Value),
    /// The event of a delta with this content.
    Say(String),
    /// The event that ends the one choice, for this reason.
    Finish(String),
    /// The event that only reports usage: of the prompt and of the answer, or as it stands.
    Usage(Value),
    /// A whole completion that says this.
    Whole(String),
    /// A whole completion that says this, with usage as it stands.
    WholeWith(String, Value),
    Done(bool),
    PauseMs(u64),
    Repeat(usize, Vec<Part>),
}

/// What is sent, and what is waited for, in order.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Bytes),
    Pause(Duration),
}

pub fn chunk(choice: &Value) -> Value {
    json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice],
    })
}

fn completion(text: &str, usage: &Value) -> Value {
    let message = json!({ "role": "assistant", "content": text });
    let mut completion = json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
    });
    if !usage.is_null() {
        completion["usage"] = usage.clone();
    }
    completion
}

fn tokens(usage: &Value) -> Value {
    match usage.as_array().map(Vec::as_slice) {
        Some([prompt, completion]) => {
            let total = prompt.as_u64().unwrap_or(0) + completion.as_u64().unwrap_or(0);
            json!({
                "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total,
            })
        }
        Some(_) | None => usage.clone(),
    }
}

fn event(data: &Value) -> String {
    match data {
        Value::String(text) => format!("data: {text}\n\n"),
        json => format!("data: {json}\n\n"),
    }
}

impl Shorthand {
    fn is_event(&self) -> bool {
        match self {
            Self::Data(_) | Self::Say(_) | Self::Finish(_) | Self::Usage(_) | Self::Done(_) => true,
            Self::Repeat(_, parts) => parts.iter().any(Part::is_event),
            Self::Hex(_)
            | Self::Json(_)
            | Self::Whole(_)
            | Self::WholeWith(..)
            | Self::PauseMs(_) => false,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Json(json) => json.to_string(),
            Self::Data(data) => event(data),
            Self::Say(text) => {
                let delta = json!({ "content": text });
                event(&chunk(&json!({ "index": 0, "delta": delta, "finish_reason": null })))
            }
            Self::Finish(why) => {
                event(&chunk(&json!({ "index": 0, "delta": {}, "finish_reason": why })))
            }
            Self::Usage(usage) => {
                let mut last = chunk(&Value::Null);
                (last["choices"], last["usage"]) = (json!([]), tokens(usage));
                event(&last)
            }
            Self::Whole(text) => completion(text, &tokens(&json!([3, 2]))).to_string(),
            Self::WholeWith(text, usage) => completion(text, &tokens(usage)).to_string(),
            Self::Done(true) => "data: [DONE]\n\n".to_owned(),
            Self::Done(false) | Self::Hex(_) | Self::PauseMs(_) | Self::Repeat(..) => String::new(),
        }
    }
}

impl Part {
    fn is_event(&self) -> bool {
        match self {
            Self::Text(text) => {
                ["data:", "event:", ":"].iter().any(|field| text.starts_with(field))
            }
            Self::Shorthand(shorthand) => shorthand.is_event(),
        }
    }

    fn add_to(&self, steps: &mut Vec<Step>) {
        let bytes = match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Shorthand(Shorthand::Hex(text)) => unhex(text),
            Self::Shorthand(Shorthand::PauseMs(ms)) => {
                return steps.push(Step::Pause(Duration::from_millis(*ms)));
            }
            Self::Shorthand(Shorthand::Repeat(times, parts)) => {
                return (0..*times).for_each(|_| parts.iter().for_each(|part| part.add_to(steps)));
            }
            Self::Shorthand(shorthand) => shorthand.text().into_bytes(),
        };
        steps.push(Step::Send(bytes.into()));
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

impl Reply {
    /// The body as it is sent.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        self.body.iter().for_each(|part| part.add_to(&mut steps));
        match self.encoding {
            Some(encoding) => Encoder::new(encoding).all(steps),
            None => steps,
        }
    }

    /// Name and value of each.
    pub fn headers(&self) -> Vec<(String, String)> {
        let events = self.body.iter().any(Part::is_event);
        let content_type = if events { "text/event-stream" } else { "application/json" };
        let mut headers = BTreeMap::from([("content-type", Some(content_type.to_owned()))]);
        if let Some(encoding) = self.encoding {
            headers.insert("content-encoding", Some(encoding.name().to_owned()));
        }
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let said = headers.into_iter();
        said.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}
