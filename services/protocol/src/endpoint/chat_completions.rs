//! Chat completions, as `OpenAI` made them and every model server imitates them.

mod chunk;
mod completion;
mod demo;
mod prompt;
mod request;
mod usage;

use std::borrow::Cow;

use uplion_domain::Operation;

pub use self::chunk::Chunk;
use super::{AnswerPart, AnswerReader, Demonstration, Progress, Read, WireFormat};
use crate::{Dialect, Malformed, error::BadRequest};

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

    fn answer_reader(&self) -> Box<dyn AnswerReader> {
        Box::new(ChatCompletions)
    }

    fn demonstrate(&self, read: &Read, body: &[u8], model: &str) -> Option<Demonstration> {
        Some(demo::answer(read, body, model))
    }
}

/// Every chunk says for itself what there is to know.
impl AnswerReader for ChatCompletions {
    fn whole<'a>(&mut self, body: &'a [u8]) -> Result<AnswerPart<'a>, Malformed> {
        let chunk = Chunk::read(body)?;
        let answered = chunk.choices > 0;
        let mut part = AnswerPart::from(chunk);
        match &part.progress {
            Progress::Failed(_) => {}
            Progress::Going | Progress::Finished | Progress::Ended => {
                part.progress = if answered {
                    Progress::Finished
                } else {
                    Progress::Failed("the answer holds no choice".into())
                };
            }
        }
        Ok(part)
    }

    fn event<'a>(&mut self, data: &'a [u8]) -> Result<AnswerPart<'a>, Malformed> {
        Ok(Chunk::read(data)?.into())
    }
}

impl<'a> From<Chunk<'a>> for AnswerPart<'a> {
    fn from(chunk: Chunk<'a>) -> Self {
        let only_usage = chunk.is_usage_only();
        let Chunk { id, service_tier, choices: _, pieces, finished, usage, error, names_usage: _ } =
            chunk;
        let progress = match error {
            Some(error) => Progress::Failed(error),
            None if finished => Progress::Finished,
            None => Progress::Going,
        };
        Self { id, service_tier, progress, usage, pieces, only_usage }
    }
}
