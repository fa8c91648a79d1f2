//! Whether an upstream takes the field that asks for a stream's usage. Most do; some refuse what they do not know. Learnt
//! from the refusal, unless an administrator has set it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use uplion_domain::model::StreamOptions;
use uplion_protocol::Endpoint;

/// A server may have been renewed.
const ASK_AGAIN: Duration = Duration::from_hours(6);

/// What refusals say, beside the field's own name.
const UNKNOWN_FIELD: [&str; 14] = [
    "stream_options",
    "include_usage",
    "extra field",
    "extra_field",
    "extra input",
    "extra_forbidden",
    "unknown field",
    "unknown name",
    "unknown parameter",
    "unrecognized",
    "unexpected keyword",
    "unexpected field",
    "additional propert",
    "not permitted",
];

/// Of one upstream.
#[derive(Debug)]
pub enum UsageWish {
    /// When it refused, if it did.
    Learnt(Mutex<Option<Instant>>),
    /// An administrator knows it.
    Set { sent: bool },
}

/// What an upstream is sent: with the wish for usage, unless it refuses that.
#[derive(Debug, Clone)]
pub struct Question {
    pub endpoint: Endpoint,
    pub body: Bytes,
    /// Whether the body may ask for a stream's usage.
    pub streamed: bool,
}

impl UsageWish {
    pub fn new(options: StreamOptions) -> Self {
        match options {
            StreamOptions::Auto => Self::Learnt(Mutex::default()),
            StreamOptions::Always => Self::Set { sent: true },
            StreamOptions::Never => Self::Set { sent: false },
        }
    }

    pub fn is_sent(&self) -> bool {
        match self {
            Self::Learnt(refused) => {
                let refused = *refused.lock().unwrap_or_else(PoisonError::into_inner);
                refused.is_none_or(|at| at.elapsed() > ASK_AGAIN)
            }
            Self::Set { sent } => *sent,
        }
    }

    /// Whether a refusal may mean the wish alone, so that the question is worth asking without it.
    pub const fn may_be_refused(&self) -> bool {
        matches!(self, Self::Learnt(_))
    }

    /// It was served once it was not asked.
    pub fn refused(&self) {
        if let Self::Learnt(refused) = self {
            *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}

impl Question {
    /// The same without the wish; none if there is none in it.
    pub fn without_wish(&self) -> Option<Self> {
        let body = self.streamed.then(|| self.endpoint.without_usage_wish(&self.body))??;
        Some(Self { body, ..self.clone() })
    }
}

/// Whether a request was refused for a field that the upstream does not know: by its name, or with a word for such.
pub fn is_refusal(status: u16, words: &[u8]) -> bool {
    let words = String::from_utf8_lossy(words).to_lowercase();
    matches!(status, 400 | 422) && UNKNOWN_FIELD.iter().any(|word| words.contains(word))
}

#[cfg(test)]
mod spec {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_or_says_that_one_is_unknown() {
        for words in [
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}"#,
            r#"{"error":"Unrecognized request argument supplied: stream_options"}"#,
            "Extra inputs are not permitted",
            r#"json: unknown field \"stream_options\""#,
        ] {
            assert!(
                is_refusal(400, words.as_bytes()) && is_refusal(422, words.as_bytes()),
                "{words}"
            );
        }
        assert!(!is_refusal(400, b"the prompt is too long"));
        assert!(!is_refusal(500, b"stream_options"));
    }

    #[test]
    fn a_refusal_is_remembered() {
        let wish = UsageWish::new(StreamOptions::Auto);
        assert!(wish.is_sent() && wish.may_be_refused());
        wish.refused();
        assert!(!wish.is_sent());
    }

    #[test]
    fn what_is_set_is_not_learnt() {
        for (options, sent) in [(StreamOptions::Always, true), (StreamOptions::Never, false)] {
            let wish = UsageWish::new(options);
            wish.refused();
            assert_eq!((wish.is_sent(), wish.may_be_refused()), (sent, false));
        }
    }

    #[test]
    fn only_a_stream_is_asked_for_its_usage() {
        let body = Bytes::from_static(br#"{"model":"m","stream_options":{"include_usage":true}}"#);
        let endpoint = Endpoint::ChatCompletions;
        let question = Question { endpoint, body, streamed: true };
        assert_eq!(question.without_wish().unwrap().body, r#"{"model":"m"}"#);
        assert!(Question { streamed: false, ..question }.without_wish().is_none());
    }
}
