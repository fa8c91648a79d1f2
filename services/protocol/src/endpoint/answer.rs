//! What an upstream's answer says, as far as it must be metered, withheld or taken for an error.

use std::borrow::Cow;

use uplion_domain::Usage;

use crate::Malformed;

/// Reads one answer: either all of it, or its stream event by event.
pub trait AnswerReader: Send {
    /// An answer that came in one piece.
    fn whole<'a>(&mut self, body: &'a [u8]) -> Result<AnswerPart<'a>, Malformed>;

    /// The data of a stream's next event.
    fn event<'a>(&mut self, data: &'a [u8]) -> Result<AnswerPart<'a>, Malformed>;
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerPart<'a> {
    /// The upstream's own name for the answer.
    pub id: Option<Cow<'a, str>>,
    /// In which the upstream serves it.
    pub service_tier: Option<Cow<'a, str>>,
    pub progress: Progress<'a>,
    /// What the upstream reports for the answer up to here.
    pub usage: Option<Usage>,
    /// What the model has written, for counting where the upstream reports no usage.
    pub pieces: Vec<Piece<'a>>,
    /// Whether it is here only because the platform asked for usage: not for a client that did not.
    pub only_usage: bool,
}

/// How far an answer is with one of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Progress<'a> {
    #[default]
    Going,
    /// All was said: a whole answer, or a stream that may close now.
    Finished,
    /// The event that ends a stream, be it with a name of its own; `[DONE]` needs no telling.
    Ended,
    /// The upstream failed, whatever its status said.
    Failed(Cow<'a, str>),
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
