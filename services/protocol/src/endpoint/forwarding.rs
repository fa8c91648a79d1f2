//! What a worker must know of a body to call an upstream with it. It travels with `go`, so that nobody reads a body
//! twice.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uplion_domain::Operation;

use crate::json::{Edit, splice};

/// Its places are those of the body that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarding {
    /// Whether the answer is to come as a stream.
    pub streamed: bool,
    /// Whether the client itself asked for a stream's usage.
    pub usage_wanted: bool,
    /// How many answers it asked for.
    pub answers: u64,
    body_len: usize,
    /// Where the model's name stands, with its quotes.
    model: Range<usize>,
    /// What else the upstream must see otherwise than the client wrote it.
    edits: Vec<Edit>,
}

/// Why a body cannot be forwarded by what came with it.
#[derive(Debug, thiserror::Error)]
pub enum NotForwarded {
    #[error("this version has no endpoint for the operation {0}")]
    UnknownOperation(Operation),
    #[error("what was read of the body cannot be decoded")]
    Malformed(#[from] serde_json::Error),
    #[error("what was read of the body does not fit it")]
    Misplaced,
}

/// Length of the body, place of the model's name, edits as place and text, streamed, usage wanted, answers.
#[derive(Serialize, Deserialize)]
struct ForwardingV1<'a>(
    usize,
    (usize, usize),
    #[serde(borrow)] Vec<(usize, usize, Cow<'a, str>)>,
    bool,
    bool,
    u64,
);

impl Forwarding {
    pub(super) fn new(body_len: usize, model: Range<usize>) -> Self {
        let (streamed, usage_wanted, answers) = (false, false, 1);
        Self { streamed, usage_wanted, answers, body_len, model, edits: Vec::new() }
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        self.edits.push(edit);
    }

    pub(super) const fn after_model(&self) -> usize {
        self.model.end
    }

    #[cfg(test)]
    pub(super) fn model(&self) -> Range<usize> {
        self.model.clone()
    }

    /// The body as the upstream must see it, to which the model is `upstream_model`: the same bytes otherwise. Models
    /// read prompts by the byte, and caches match them by the byte.
    pub fn for_upstream(&self, body: &Bytes, upstream_model: &str) -> Result<Bytes, NotForwarded> {
        if body.len() != self.body_len {
            return Err(NotForwarded::Misplaced);
        }
        let quoted = serde_json::Value::from(upstream_model).to_string();
        let written = body.get(self.model.clone()).ok_or(NotForwarded::Misplaced)?;
        let model = Edit::replace(self.model.clone(), quoted);
        let renamed = written != model.with.as_bytes();
        let edits = self.edits.iter().chain(renamed.then_some(&model)).collect();
        splice::apply(body, edits).ok_or(NotForwarded::Misplaced)
    }

    pub fn encode(&self) -> Bytes {
        let Self { streamed, usage_wanted, answers, body_len, model, edits } = self;
        let edits = edits
            .iter()
            .map(|Edit { at, with }| (at.start, at.end, with.as_ref().into()))
            .collect();
        let place = (model.start, model.end);
        let encoded = ForwardingV1(*body_len, place, edits, *streamed, *usage_wanted, *answers);
        serde_json::to_vec(&encoded).expect("numbers and texts are always written").into()
    }

    pub fn decode(encoded: &[u8]) -> Result<Self, NotForwarded> {
        let ForwardingV1(body_len, (start, end), edits, streamed, usage_wanted, answers) =
            serde_json::from_slice(encoded)?;
        let edits = edits
            .into_iter()
            .map(|(start, end, with)| Edit::replace(start..end, with.into_owned()))
            .collect();
        Ok(Self { streamed, usage_wanted, answers, body_len, model: start..end, edits })
    }
}

#[cfg(test)]
mod spec {
    use super::*;
    use crate::Endpoint;

    const BODY: &[u8] = br#"{"model":"m","messages":[],"stream":true}"#;

    fn read() -> Forwarding {
        Endpoint::ChatCompletions.read(BODY).unwrap().forwarding
    }

    #[test]
    fn what_was_read_travels() {
        assert_eq!(Forwarding::decode(&read().encode()).unwrap(), read());
        insta::assert_snapshot!(
            String::from_utf8(read().encode().to_vec()).unwrap(),
            @r#"[41,[9,12],[[12,12,",\"stream_options\":{\"include_usage\":true}"]],true,false,1]"#
        );
        assert!(matches!(Forwarding::decode(b"[1"), Err(NotForwarded::Malformed(_))));
    }

    #[test]
    fn places_that_do_not_fit_the_body_are_an_error() {
        let body = Bytes::from_static(BODY);
        assert!(read().for_upstream(&body, "up").is_ok());
        let misplaced = |forwarding: Forwarding, body: &Bytes| {
            let spliced = forwarding.for_upstream(body, "up");
            assert!(matches!(spliced, Err(NotForwarded::Misplaced)), "{forwarding:?}");
        };
        misplaced(read(), &body.slice(1..));
        for forged in [
            "[41,[9,42],[],true,false,1]",
            "[41,[12,9],[],true,false,1]",
            r#"[41,[9,12],[[40,99,""]],true,false,1]"#,
            r#"[41,[9,12],[[10,11,""]],true,false,1]"#,
            r#"[41,[9,12],[[18446744073709551615,18446744073709551615,""]],true,false,1]"#,
        ] {
            misplaced(Forwarding::decode(forged.as_bytes()).unwrap(), &body);
        }
    }
}
