//! As much of a chat request as the mock upstream reads.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::script::Script;

#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest<'body> {
    #[serde(borrow)]
    pub model: Cow<'body, str>,
    #[serde(borrow)]
    pub messages: &'body RawValue,
    #[serde(default)]
    pub stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default, borrow)]
    pub user: Option<Cow<'body, str>>,
    #[serde(default)]
    mock: Option<Script>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message<'body> {
    #[serde(default, borrow)]
    content: Option<Cow<'body, str>>,
}

#[derive(Deserialize)]
struct Text {
    mock: Script,
}

impl<'body> ChatRequest<'body> {
    pub fn read(body: &'body [u8]) -> serde_json::Result<Self> {
        let mut request: Self = serde_json::from_slice(body)?;
        if request.mock.is_none() && request.messages.get().contains("mock") {
            request.mock = request.script_in_text()?;
        }
        Ok(request)
    }

    pub fn take_script(&mut self) -> Option<Script> {
        self.mock.take()
    }

    pub fn wants_usage(&self) -> bool {
        !self.stream || self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    fn script_in_text(&self) -> serde_json::Result<Option<Script>> {
        let Ok(messages) = serde_json::from_str::<Vec<Message>>(self.messages.get()) else {
            return Ok(None);
        };
        let text = messages.last().and_then(|message| message.content.as_deref());
        match text.filter(|text| text.trim_start().starts_with("{\"mock\"")) {
            Some(text) => serde_json::from_str::<Text>(text).map(|text| Some(text.mock)),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_from_the_last_message() {
        let body =
            br#"{"model":"m","messages":[{"role":"user","content":"{\"mock\":{\"chunks\":3}}"}]}"#;
        let script = ChatRequest::read(body).unwrap().take_script();
        assert_eq!(script, Some(Script { chunks: 3, ..Script::default() }));
    }

    #[test]
    fn a_script_is_read_from_its_own_field() {
        let body = br#"{"model":"m","messages":[],"mock":{"status":429}}"#;
        let script = ChatRequest::read(body).unwrap().take_script();
        assert_eq!(script, Some(Script { status: 429, ..Script::default() }));
    }

    #[test]
    fn talk_of_mocking_is_no_script() {
        let body = br#"{"model":"m","messages":[{"content":"to mock a king"}]}"#;
        assert_eq!(ChatRequest::read(body).unwrap().take_script(), None);
    }

    #[test]
    fn a_misspelt_script_is_an_error() {
        let body = br#"{"model":"m","messages":[],"mock":{"chunk":3}}"#;
        assert!(ChatRequest::read(body).is_err());
    }
}
