//! What one chunk of a stream says, or a whole completion: they differ only in `delta` and `message`.

use std::borrow::Cow;

use uplion_domain::Usage;

use super::{
    super::{Piece, PieceKind},
    usage,
};
use crate::{
    Malformed,
    json::scan::{Kind, Scanner},
};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunk<'a> {
    pub id: Option<Cow<'a, str>>,
    pub service_tier: Option<Cow<'a, str>>,
    pub choices: usize,
    /// What the model has written, for counting where the upstream reports no usage.
    pub pieces: Vec<Piece<'a>>,
    /// Whether a choice says why it ended.
    pub finished: bool,
    pub usage: Option<Usage>,
    /// Some servers answer 200 and put an error on the stream.
    pub error: Option<Cow<'a, str>>,
    pub(super) names_usage: bool,
}

impl<'a> Chunk<'a> {
    pub fn read(json: &'a [u8]) -> Result<Self, Malformed> {
        let mut chunk = Self::default();
        Scanner::document(json, |scan| {
            scan.object_if_any(|scan, key| match key.decode().as_ref() {
                "id" => {
                    chunk.id = scan.text_if_any()?;
                    Ok(())
                }
                "service_tier" => {
                    chunk.service_tier = scan.text_if_any()?;
                    Ok(())
                }
                "choices" => scan.array_if_any(|scan| chunk.read_choice(scan)),
                "usage" => {
                    chunk.names_usage = scan.peek() != Kind::Null;
                    chunk.usage = usage::read(scan)?;
                    Ok(())
                }
                "error" => chunk.read_error(scan),
                _ => scan.skip(),
            })
        })?;
        Ok(chunk)
    }

    /// The chunk that comes only when asked for: no choice, just usage.
    pub fn is_usage_only(&self) -> bool {
        self.choices == 0 && self.names_usage && self.error.is_none()
    }

    fn read_choice(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        let mut choice = self.choices as u64;
        let first = self.pieces.len();
        self.choices += 1;
        scan.object_if_any(|scan, key| {
            match key.decode().as_ref() {
                "index" => choice = scan.integer_if_any()?.unwrap_or(choice),
                "delta" | "message" => self.read_message(scan)?,
                "finish_reason" => self.finished |= scan.text_if_any()?.is_some(),
                _ => scan.skip()?,
            }
            Ok(())
        })?;
        for piece in &mut self.pieces[first..] {
            piece.choice = choice;
        }
        Ok(())
    }

    fn read_message(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        let mut reasoned = false;
        scan.object_if_any(|scan, key| match key.decode().as_ref() {
            "content" => self.read_piece(scan, PieceKind::Content).map(drop),
            "refusal" => self.read_piece(scan, PieceKind::Refusal).map(drop),
            // Servers disagree on the name; some send both, with the same text.
            "reasoning_content" | "reasoning" if !reasoned => {
                reasoned = self.read_piece(scan, PieceKind::Reasoning)?;
                Ok(())
            }
            "tool_calls" => scan.array_if_any(|scan| {
                scan.object_if_any(|scan, key| {
                    if key.decode() == "function" { self.read_function(scan) } else { scan.skip() }
                })
            }),
            "function_call" => self.read_function(scan),
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
        self.pieces.extend(text.map(|text| Piece { choice: 0, kind, text }));
        Ok(some)
    }

    fn read_error(&mut self, scan: &mut Scanner<'a>) -> Result<(), Malformed> {
        match scan.peek() {
            Kind::Null => scan.null(),
            Kind::Object => {
                let message = self.error.insert("the upstream reports an error".into());
                scan.object(|scan, key| {
                    if key.decode() != "message" {
                        return scan.skip();
                    }
                    if let Some(text) = scan.text_if_any()? {
                        *message = text;
                    }
                    Ok::<_, Malformed>(())
                })
            }
            Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Nothing => {
                self.error =
                    Some(scan.text_if_any()?.unwrap_or("the upstream reports an error".into()));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
#[path = "chunk_spec.rs"]
mod spec;
