//! What an upstream's answer says, as far as it must be metered, withheld or taken for an error.

use std::borrow::Cow;

use bytes::Bytes;
use uplion_domain::Usage;

use crate::{Malformed, error::UpstreamError};

/// Reads one answer: either all of it, or its stream event by event.
pub trait AnswerReader: Send {
    /// An answer that came in one piece.
    fn whole<'a>(&mut self, body: &'a [u8]) -> Result<AnswerPart<'a>, Malformed>;

    /// The data of a stream's next event.
    fn event<'a>(&mut self, data: &'a [u8]) -> Result<AnswerPart<'a>, Malformed>;

    /// The event that tells a client `usage` which the upstream did not, after the events that were read.
    fn usage_event(&self, usage: &Usage) -> Bytes;
}

/// Puts the events of a stream together into the whole answer that a client asked for.
pub trait AnswerGatherer: Send {
    /// The data of the next event.
    fn event(&mut self, data: &[u8]) -> Result<(), Malformed>;

    /// Bytes that the answer takes by now, about.
    fn bytes(&self) -> usize;

    /// The answer; with `usage` if the upstream reported none.
    fn whole(&mut self, usage: &Usage) -> Bytes;
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what a part says, one thing each")]
pub struct AnswerPart<'a> {
    /// The upstream's own name for the answer.
    pub id: Option<Cow<'a, str>>,
    /// In which the upstream serves it.
    pub service_tier: Option<Cow<'a, str>>,
    pub progress: Progress,
    /// What the upstream reports for the answer up to here.
    pub usage: Option<Usage>,
    /// What the model has written, for counting where the upstream reports no usage.
    pub pieces: Vec<Piece<'a>>,
    /// Whether a choice is in it.
    pub answers: bool,
    /// Whether each choice that came so far says why it ended, however many were asked for.
    pub ended: bool,
    /// Whether a client would miss it: not so what only opens an answer.
    pub tells: bool,
    /// Whether it is here only because the platform asked for usage: not for a client that did not.
    pub only_usage: bool,
    /// Whether a client that asked for usage finds it here.
    pub shows_usage: bool,
}

/// How far an answer is with one of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Progress {
    #[default]
    Going,
    /// All was said: a whole answer, or a stream that may close now.
    Finished,
    /// The event that ends a stream, be it with a name of its own; `[DONE]` needs no telling.
    Ended,
    /// The upstream failed, whatever its status said.
    Failed(Box<UpstreamError>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Which of the answers it belongs to, by its place in the chunk's list or its `index`.
    pub choice: u64,
    pub kind: PieceKind,
    pub text: Cow<'a, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    Content,
    Reasoning,
    Refusal,
    ToolCall,
}
