//! Whose API an endpoint imitates: how errors, signs of life and ends are spelled there.

use bytes::Bytes;

use crate::{
    error::{ApiError, anthropic, openai},
    sse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Anthropic,
}

impl Dialect {
    /// The body of a response that is an error.
    pub fn error(self, error: &ApiError) -> Bytes {
        match self {
            Self::OpenAi => openai::body(error),
            Self::Anthropic => anthropic::body(error),
        }
    }

    /// The end of a stream that began well: SDKs raise it, and wait for nothing more.
    pub fn error_event(self, error: &ApiError) -> Bytes {
        self.upstream_error_event(&self.error(error))
    }

    /// An upstream's own error, one line of JSON, on a stream.
    pub fn upstream_error_event(self, json: &[u8]) -> Bytes {
        match self {
            Self::OpenAi => sse::event(json),
            Self::Anthropic => sse::named_event("error", json),
        }
    }

    /// Says nothing, but keeps proxies and clients from giving up.
    pub const fn keep_alive(self) -> &'static [u8] {
        match self {
            Self::OpenAi => b": keep-alive\n\n",
            Self::Anthropic => b"event: ping\ndata: {\"type\":\"ping\"}\n\n",
        }
    }

    /// The event that says that a stream is whole, where that needs nothing of the stream itself.
    pub const fn end_event(self) -> Option<&'static [u8]> {
        match self {
            Self::OpenAi => Some(sse::DONE),
            Self::Anthropic => None,
        }
    }

    /// Where the event begins that says a stream is whole, if `run` ends with it.
    pub fn end_of_stream(self, run: &[u8]) -> Option<usize> {
        let (name, data) = match self {
            Self::OpenAi => (None, "[DONE]"),
            Self::Anthropic => (Some("message_stop"), r#"{"type":"message_stop"}"#),
        };
        sse::last_event(run, name, data)
    }
}

#[cfg(test)]
mod spec {
    use super::*;

    #[test]
    fn the_end_of_a_stream_is_an_event_of_its_own() {
        let end = |run: &[u8]| Dialect::OpenAi.end_of_stream(run);
        assert_eq!(end(b"data: {}\n\ndata: [DONE]\n\n"), Some(10));
        assert_eq!(end(b"data:[DONE]\r\n\r\n"), Some(0));
        assert_eq!(end(b"data: {\"content\":\"data: [DONE]\"}\n\n"), None);
        assert_eq!(end(b"data: {\"a\":1} data: [DONE]\n\n"), None);
        assert_eq!(end(b""), None);
    }

    #[test]
    fn a_named_end_begins_with_its_name() {
        let end = |run: &[u8]| Dialect::Anthropic.end_of_stream(run);
        let stop = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        assert_eq!(end(stop), Some(0));
        assert_eq!(end(&[b"data: {}\r\n\r\n".as_slice(), stop].concat()), Some(12));
        assert_eq!(end(b"data: {\"type\":\"message_stop\"}\n\n"), None);
        assert_eq!(end(b"data: [DONE]\n\n"), None);
    }

    #[test]
    fn a_sign_of_life_carries_nothing_that_a_client_would_take_for_an_answer() {
        let data = |dialect: Dialect| -> Vec<_> {
            sse::events(dialect.keep_alive()).map(|event| event.payload).collect()
        };
        assert_eq!(data(Dialect::OpenAi), [sse::Payload::Nothing]);
        let ping = sse::Payload::Data(br#"{"type":"ping"}"#.into());
        assert_eq!(data(Dialect::Anthropic), [ping]);
    }
}
