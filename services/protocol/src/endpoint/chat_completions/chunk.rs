//! What one chunk of a stream says, or a whole completion: they differ only in `delta` and `message`.

use std::borrow::Cow;

use uplion_domain::Usage;

use super::{
    super::{Piece, PieceKind},
    usage::{Place, Report},
};
use crate::{
    Malformed,
    json::scan::{Kind, Scanner},
};

/// Choices beyond are not told apart; no client may ask for more.
const MOST_CHOICES: u64 = u128::BITS as u64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunk<'a> {
    pub id: Option<Cow<'a, str>>,
    pub service_tier: Option<Cow<'a, str>>,
    pub choices: usize,
    /// What the model has written, for counting where the upstream reports no usage.
    pub pieces: Vec<Piece<'a>>,
    /// Which choices are in it, and which of them say why they ended: a bit for each.
    pub(super) seen: u128,
    pub(super) finished: u128,
    pub usage: Option<Usage>,
    place: Option<Place>,
    /// Whether there may be an error in it, beside or in the place of an answer.
    pub(super) suspect: Option<Suspect>,
    /// Whether a client would miss it.
    pub(super) tells: bool,
    pub(super) names_usage: bool,
}

/// Where an error would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspect {
    Answer,
    Choice,
}

impl<'a> Chunk<'a> {
    pub fn read(json: &'a [u8]) -> Result<Self, Malformed> {
        if std::str::from_utf8(json).is_err() {
            let text = String::from_utf8_lossy(json);
            return Ok(Self::read_utf8(text.as_bytes())?.into_owned());
        }
        Self::read_utf8(json)
    }

    /// One of which no more is known than that it is an error.
    pub(super) fn suspected() -> Self {
        Self { suspect: Some(Suspect::Answer), ..Self::default() }
    }

    fn read_utf8(json: &[u8]) -> Result<Chunk<'_>, Malformed> {
        let mut chunk = Chunk::default();
        let mut top = Report::default();
        Scanner::answer(json, |scan| {
            if scan.peek() == Kind::Array {
                chunk.suspect = Some(Suspect::Answer);
            }
            scan.object_if_any(|scan, key| chunk.read_member(scan, &key.decode(), &mut top))
        })?;
        chunk.take_report(Place::Top, &top);
        Ok(chunk)
    }

    fn read_member(
        &mut self,
        scan: &mut Scanner<'a>,
        key: &str,
        top: &mut Report,
    ) -> Result<(), Malformed> {
        match key {
            "id" => self.id = scan.text_if_any()?,
            "service_tier" => self.service_tier = scan.text_if_any()?,
            "choices" => scan.array_if_any(|scan| self.read_choice(scan))?,
            "usage" => {
                self.names_usage = scan.peek() != Kind::Null;
                self.read_report(scan, Place::Usage)?;
            }
            "x_groq" => scan.object_if_any(|scan, key| match key.decode().as_ref() {
                "usage" => self.read_report(scan, Place::XGroq),
                _ => scan.skip(),
            })?,
            "usageMetadata" | "usage_metadata" => self.read_report(scan, Place::Metadata)?,
            "timings" => self.read_report(scan, Place::Timings)?,
            "prompt_eval_count" | "eval_count" => top.member(scan, key)?,
            "error" | "errors" => {
                let nothing = matches!(scan.peek(), Kind::Null);
                self.suspect = self.suspect.or((!nothing).then_some(Suspect::Answer));
                scan.skip()?;
            }
            "object" | "type" => {
                let is_error = scan.text_if_any()?.is_some_and(|text| text == "error");
                self.suspect = self.suspect.or(is_error.then_some(Suspect::Answer));
            }
            "message" | "detail" | "msg" | "error_message" => {
                self.suspect = self.suspect.or(Some(Suspect::Answer));
                scan.skip()?;
            }
            _ => scan.skip()?,
        }
        Ok(())
    }

    /// The chunk that comes only when asked for: no choice, just usage.
    pub fn is_usage_only(&self) -> bool {
        self.choices == 0 && self.names_usage
    }

    /// Whether all choices that were seen say why they ended.
    pub fn is_finished(&self) -> bool {
        self.choices > 0 && self.finished == self.seen
    }

    /// Whether a client that asks for usage finds it in this chunk.
    pub(super) fn shows_usage(&self) -> bool {
        self.place == Some(Place::Usage)
            && self.usage.as_ref().is_some_and(|usage| !usage.is_none())
    }

    fn read_report(&mut self, scan: &mut Scanner<'a>, place: Place) -> Result<(), Malformed> {
        let report = Report::read(scan)?;
        self.take_report(place, &report);
        Ok(())
    }

    /// Of several reports the one that stands in the usual place; not one that says nothing.
    fn take_report(&mut self, place: Place, report: &Report) {
        let Some(usage) = report.usage(place) else { return };
        let better = match (&self.usage, self.place) {
            (Some(known), Some(known_place)) => {
                !usage.is_none() && (known.is_none() || place < known_place)
            }
            (Some(_) | None, _) => true,
        };
        if better {
            (self.usage, self.place) = (Some(usage), Some(place));
        }
    }

    fn read_choice(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        let mut choice = self.choices as u64;
        let (first, mut finished) = (self.pieces.len(), false);
        self.choices += 1;
        scan.object_if_any(|scan, key| {
            match key.decode().as_ref() {
                "index" => choice = scan.integer_if_any()?.unwrap_or(choice),
                "delta" | "message" => self.read_message(scan)?,
                "finish_reason" => finished = is_reason(scan.text_if_any()?.as_deref()),
                "usage" => self.read_report(scan, Place::Choice)?,
                "error" => {
                    if scan.peek() != Kind::Null {
                        self.suspect = Some(Suspect::Choice);
                    }
                    scan.skip()?;
                }
                _ => scan.skip()?,
            }
            Ok(())
        })?;
        let bit = 1 << choice.min(MOST_CHOICES - 1);
        self.seen |= bit;
        self.finished |= if finished { bit } else { 0 };
        self.tells |= finished;
        for piece in &mut self.pieces[first..] {
            piece.choice = choice;
        }
        Ok(())
    }

    fn read_message(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        let mut reasoned = false;
        scan.object_if_any(|scan, key| match key.decode().as_ref() {
            "content" if scan.peek() == Kind::Array => scan.array(|scan| self.read_part(scan)),
            "content" => self.read_piece(scan, PieceKind::Content).map(drop),
            "refusal" => self.read_piece(scan, PieceKind::Refusal).map(drop),
            // Servers disagree on the name; some send both, with the same text.
            "reasoning_content" | "reasoning" | "thinking" if !reasoned => {
                reasoned = self.read_piece(scan, PieceKind::Reasoning)?;
                Ok(())
            }
            "tool_calls" => scan.array_if_any(|scan| {
                self.tells = true;
                scan.object_if_any(|scan, key| {
                    if key.decode() == "function" { self.read_function(scan) } else { scan.skip() }
                })
            }),
            "function_call" => self.read_function(scan),
            "role" => scan.skip(),
            _ => {
                let start = scan.at();
                scan.skip()?;
                self.tells |= !matches!(scan.since(start), "null" | "\"\"" | "[]" | "{}");
                Ok(())
            }
        })
    }

    /// One of the parts that some make a content of: text, or a thought, which may be of parts itself.
    fn read_part(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        self.tells = true;
        scan.object_if_any(|scan, key| match key.decode().as_ref() {
            "text" => self.read_piece(scan, PieceKind::Content).map(drop),
            "refusal" => self.read_piece(scan, PieceKind::Refusal).map(drop),
            "thinking" | "reasoning" if scan.peek() == Kind::Array => scan.array(|scan| {
                scan.object_if_any(|scan, key| match key.decode().as_ref() {
                    "text" | "thinking" => self.read_piece(scan, PieceKind::Reasoning).map(drop),
                    _ => scan.skip(),
                })
            }),
            "thinking" | "reasoning" => self.read_piece(scan, PieceKind::Reasoning).map(drop),
            _ => scan.skip(),
        })
    }

    fn read_function(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        scan.object_if_any(|scan, key| match key.decode().as_ref() {
            "name" | "arguments" => self.read_piece(scan, PieceKind::ToolCall).map(drop),
            _ => scan.skip(),
        })
    }

    fn read_piece(&mut self, scan: &mut Scanner<'a>, kind: PieceKind) -> Result<bool, Malformed> {
        let text = scan.text_if_any()?.filter(|text| !text.is_empty());
        let some = text.is_some();
        self.tells |= some;
        self.pieces.extend(text.map(|text| Piece { choice: 0, kind, text }));
        Ok(some)
    }

    fn into_owned(self) -> Chunk<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let piece =
            |Piece { choice, kind, text }: Piece<'_>| Piece { choice, kind, text: owned(text) };
        Chunk {
            id: self.id.map(owned),
            service_tier: self.service_tier.map(owned),
            pieces: self.pieces.into_iter().map(piece).collect(),
            choices: self.choices,
            seen: self.seen,
            finished: self.finished,
            usage: self.usage,
            place: self.place,
            suspect: self.suspect,
            tells: self.tells,
            names_usage: self.names_usage,
        }
    }
}

/// Some write an empty text, or the word for nothing, while a choice goes on.
fn is_reason(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| !matches!(reason, "" | "null"))
}

#[cfg(test)]
#[path = "chunk_spec.rs"]
mod spec;
