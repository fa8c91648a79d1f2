//! Chat completions, as `OpenAI` made them and every model server imitates them.

mod chunk;
mod completion;
mod demo;
mod extent;
mod gathering;
mod prompt;
mod reader;
mod request;
mod splitting;
mod usage;

use std::borrow::Cow;

use bytes::Bytes;
use uplion_domain::Operation;

pub use self::chunk::Chunk;
use self::{gathering::Gathered, reader::ChatReader};
use super::{AnswerGatherer, AnswerReader, Demonstration, Read, WireFormat};
use crate::{Dialect, Malformed, error::BadRequest, json};

pub(super) struct ChatCompletions;

impl WireFormat for ChatCompletions {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn operation(&self) -> Operation {
        Operation::CHAT_COMPLETION
    }

    fn paths(&self) -> &'static [&'static str] {
        &["/v1/chat/completions", "/api/v1/chat/completions"]
    }

    fn upstream_path(&self) -> &'static str {
        "/chat/completions"
    }

    fn read(&self, body: &[u8]) -> Result<Read, BadRequest> {
        request::read(body)
    }

    fn prompt<'a>(&self, body: &'a [u8]) -> Result<Vec<Cow<'a, str>>, Malformed> {
        prompt::texts(body)
    }

    fn without_usage_wish(&self, body: &Bytes) -> Option<Bytes> {
        json::without_member(body, "stream_options")
    }

    fn answer_reader(&self, answers: u64) -> Box<dyn AnswerReader> {
        Box::new(ChatReader::new(answers))
    }

    fn answer_gatherer(&self) -> Box<dyn AnswerGatherer> {
        Box::<Gathered>::default()
    }

    fn events_of(&self, whole: &[u8]) -> Result<Bytes, Malformed> {
        splitting::events(whole)
    }

    fn demonstrate(&self, read: &Read, body: &[u8], model: &str) -> Option<Demonstration> {
        Some(demo::answer(read, body, model))
    }
}
