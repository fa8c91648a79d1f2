//! Reads the answer to one request: which choices there are, which of them have ended, whether there is an answer at all.

use bytes::Bytes;
use serde_json::{Value, json};
use uplion_domain::Usage;

use super::{
    super::{AnswerPart, AnswerReader, Progress},
    chunk::{Chunk, Suspect},
    usage,
};
use crate::{Malformed, error::UpstreamError, json::scan::Scanner, sse};

/// Of one request.
pub(super) struct ChatReader {
    /// Choices that the client asked for.
    answers: u64,
    seen: u128,
    finished: u128,
    /// Of the first chunk that had any: `id`, `created` and `model`, for an event of our own.
    head: Option<[Value; 3]>,
}

impl ChatReader {
    pub const fn new(answers: u64) -> Self {
        Self { answers, seen: 0, finished: 0, head: None }
    }

    /// Whether each choice that was asked for, and each that came, says why it ended.
    fn all_finished(&self) -> bool {
        let seen = u64::from(self.seen.count_ones());
        seen > 0 && self.finished == self.seen && seen >= self.answers
    }

    fn part<'a>(&mut self, chunk: Chunk<'a>, json: &[u8]) -> AnswerPart<'a> {
        self.seen |= chunk.seen;
        self.finished |= chunk.finished;
        let error = error(&chunk, json);
        let (only_usage, shows_usage) = (chunk.is_usage_only(), chunk.shows_usage());
        let progress = match error {
            Some(error) => Progress::Failed(Box::new(error)),
            None if self.all_finished() => Progress::Finished,
            None => Progress::Going,
        };
        let tells = chunk.tells || chunk.choices == 0 && !only_usage && self.seen > 0;
        let (answers, ended) = (chunk.choices > 0, self.seen != 0 && self.finished == self.seen);
        let Chunk { id, service_tier, usage, pieces, .. } = chunk;
        AnswerPart {
            id,
            service_tier,
            progress,
            usage,
            pieces,
            answers,
            ended,
            tells,
            only_usage,
            shows_usage,
        }
    }
}

/// An answer's own error is one; what looks like it beside choices is not, unless it is called so.
fn error(chunk: &Chunk<'_>, json: &[u8]) -> Option<UpstreamError> {
    match chunk.suspect? {
        Suspect::Choice => UpstreamError::of_choice(json),
        Suspect::Answer => UpstreamError::of_answer(json).filter(|error| {
            let alone = chunk.choices == 0 && !chunk.shows_usage();
            alone || error.explains() && names_error(json)
        }),
    }
}

fn names_error(json: &[u8]) -> bool {
    let mut names = false;
    let read = Scanner::answer(json, |scan| {
        scan.object_if_any(|scan, key| {
            names |= key.decode() == "error";
            scan.skip()
        })
    });
    read.is_ok() && names
}

impl AnswerReader for ChatReader {
    fn whole<'a>(&mut self, body: &'a [u8]) -> Result<AnswerPart<'a>, Malformed> {
        let chunk = Chunk::read(body).or_else(|malformed| failed(body).ok_or(malformed))?;
        let answered =
            chunk.choices > 0 || chunk.usage.as_ref().is_some_and(|usage| !usage.is_none());
        let mut part = self.part(chunk, body);
        match &part.progress {
            Progress::Failed(_) => {}
            Progress::Going | Progress::Finished | Progress::Ended if answered => {
                part.progress = Progress::Finished;
            }
            Progress::Going | Progress::Finished | Progress::Ended => {
                let error = UpstreamError::unreadable(body);
                part.progress = Progress::Failed(Box::new(error));
            }
        }
        Ok(part)
    }

    fn event<'a>(&mut self, data: &'a [u8]) -> Result<AnswerPart<'a>, Malformed> {
        let chunk = Chunk::read(data)?;
        if self.head.is_none() && chunk.id.is_some() {
            self.head = Some(head(data));
        }
        Ok(self.part(chunk, data))
    }

    fn usage_event(&self, usage: &Usage) -> Bytes {
        let [id, created, model] = self.head.clone().unwrap_or_default();
        let event = json!({
            "id": id, "object": "chat.completion.chunk", "created": created, "model": model,
            "choices": [], "usage": usage::to_json(usage),
        });
        sse::event(event.to_string().as_bytes())
    }
}

/// A document that is an error, and has something behind it that is none.
fn failed(body: &[u8]) -> Option<Chunk<'static>> {
    Scanner::first_of_answer::<_, Malformed>(body, Scanner::skip).ok()?;
    UpstreamError::of_answer(body)?;
    Some(Chunk::suspected())
}

fn head(data: &[u8]) -> [Value; 3] {
    let mut found = <[Value; 3]>::default();
    // It was read a moment ago.
    let _ = Scanner::answer(data, |scan| {
        scan.object_if_any(|scan, key| {
            let place = ["id", "created", "model"].iter().position(|name| key.decode() == *name);
            let start = scan.at();
            scan.skip()?;
            if let Some(place) = place {
                found[place] = serde_json::from_str(scan.since(start)).unwrap_or_default();
            }
            Ok::<_, Malformed>(())
        })
    });
    found
}
