//! Reading a body that is a JSON object: the parameters that most endpoints have, and the types of all.
//!
//! What matters may be given once: parsers differ in which of two equal keys they believe, and what is billed must be
//! what is served.

use std::{collections::BTreeMap, ops::Range};

use uplion_domain::request::{
    Asked,
    labels::{self, Labels},
};

use super::{Forwarding, Read, read::estimate_tokens};
use crate::{
    Malformed,
    error::BadRequest,
    json::scan::{Kind, Scanner, Text, integer},
};

/// `OpenAI`'s own bound on the answers to one request.
const MOST_ANSWERS: i64 = 128;

/// What was found of them so far.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    named: Vec<&'static str>,
    model: Option<(String, Range<usize>)>,
    pub streamed: bool,
    n: Option<u64>,
    prompt_bytes: usize,
    labels: Labels,
    user: Option<String>,
    safety_identifier: Option<String>,
}

/// Reads the members of a body, each of which is to be read or passed over.
pub(super) fn members<'a>(
    body: &'a [u8],
    mut member: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), BadRequest>,
) -> Result<(), BadRequest> {
    Scanner::document(body, |scan| match scan.peek() {
        Kind::Object => scan.object(|scan, key: Text<'_>| member(scan, &key.decode())),
        Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Null => {
            scan.skip()?;
            Err(BadRequest::NotAnObject)
        }
        Kind::Nothing => Ok(scan.skip()?),
    })
}

impl Parameters {
    /// A member that the endpoint itself knows nothing of.
    pub fn read(&mut self, scan: &mut Scanner<'_>, key: &str) -> Result<(), BadRequest> {
        match key {
            "model" => self.read_model(scan),
            "stream" => {
                self.once("stream")?;
                self.streamed = bool_or_null(scan, "stream")?.unwrap_or(false);
                Ok(())
            }
            "n" => {
                self.once("n")?;
                self.n = answers(scan)?;
                Ok(())
            }
            "metadata" => self.read_labels(scan),
            "user" => {
                self.user = scan.text_if_any()?.map(String::from);
                Ok(())
            }
            "safety_identifier" => {
                self.safety_identifier = scan.text_if_any()?.map(String::from);
                Ok(())
            }
            _ => Ok(scan.skip()?),
        }
    }

    pub fn once(&mut self, param: &'static str) -> Result<(), BadRequest> {
        if self.named.contains(&param) {
            return Err(BadRequest::Duplicate { param });
        }
        self.named.push(param);
        Ok(())
    }

    /// Has a part of the prompt read.
    pub fn prompt(
        &mut self,
        scan: &mut Scanner<'_>,
        param: &'static str,
        read: impl FnOnce(&mut Scanner<'_>) -> Result<(), Malformed>,
    ) -> Result<(), BadRequest> {
        self.once(param)?;
        let (start, embedded) = (scan.at(), scan.embedded());
        read(scan)?;
        self.prompt_bytes += scan.at() - start - (scan.embedded() - embedded);
        Ok(())
    }

    /// What was read of the body, which is `body_len` bytes long.
    pub fn finish(self, body_len: usize) -> Result<Read, BadRequest> {
        let Some((model, place)) = self.model else {
            return Err(BadRequest::Missing { param: "model" });
        };
        let mut forwarding = Forwarding::new(body_len, place);
        forwarding.streamed = self.streamed;
        Ok(Read {
            model,
            most_output: None,
            n: self.n.unwrap_or(1),
            asked: Asked::default(),
            prompt_estimate: estimate_tokens(self.prompt_bytes),
            labels: self.labels,
            end_user: self.safety_identifier.or(self.user).filter(|user| !user.is_empty()),
            forwarding,
        })
    }

    fn read_model(&mut self, scan: &mut Scanner<'_>) -> Result<(), BadRequest> {
        self.once("model")?;
        if scan.peek() != Kind::String {
            return wrong_type(scan, "model", "a string");
        }
        let start = scan.at();
        let model = scan.string()?.decode().into_owned();
        self.model = Some((model, start..scan.at()));
        Ok(())
    }

    /// Of a key given twice, the first is kept.
    fn read_labels(&mut self, scan: &mut Scanner<'_>) -> Result<(), BadRequest> {
        let mut labels = BTreeMap::new();
        scan.object_if_any(|scan, key| {
            let Some(value) = scan.text_if_any()? else { return Ok(()) };
            let key = key.decode();
            let fits = (1..=labels::MAX_KEY).contains(&key.len())
                && value.len() <= labels::MAX_VALUE
                && labels.len() < labels::MAX_LABELS;
            if fits {
                labels.entry(key.into_owned()).or_insert_with(|| value.into_owned());
            }
            Ok::<_, Malformed>(())
        })?;
        self.labels = Labels::try_new(labels).unwrap_or_default();
        Ok(())
    }
}

/// The value's grammar comes first: a body that breaks off is not JSON, whatever it broke off in.
pub(super) fn wrong_type<T>(
    scan: &mut Scanner<'_>,
    param: &'static str,
    expected: &'static str,
) -> Result<T, BadRequest> {
    scan.skip()?;
    Err(BadRequest::WrongType { param, expected })
}

pub(super) fn bool_or_null(
    scan: &mut Scanner<'_>,
    param: &'static str,
) -> Result<Option<bool>, BadRequest> {
    match scan.peek() {
        Kind::Bool => Ok(Some(scan.bool()?)),
        Kind::Null => Ok(scan.null().map(|()| None)?),
        Kind::Object | Kind::Array | Kind::String | Kind::Number | Kind::Nothing => {
            wrong_type(scan, param, "a boolean")
        }
    }
}

fn integer_or_null(scan: &mut Scanner<'_>, param: &'static str) -> Result<Option<i64>, BadRequest> {
    match scan.peek() {
        Kind::Number => match integer(scan.number()?) {
            Some(number) => Ok(Some(number)),
            None => Err(BadRequest::WrongType { param, expected: "an integer" }),
        },
        Kind::Null => Ok(scan.null().map(|()| None)?),
        Kind::Object | Kind::Array | Kind::String | Kind::Bool | Kind::Nothing => {
            wrong_type(scan, param, "an integer")
        }
    }
}

/// Local servers take −1 for "as long as it gets"; theirs is the say on it.
pub(super) fn bound(
    scan: &mut Scanner<'_>,
    param: &'static str,
) -> Result<Option<u64>, BadRequest> {
    Ok(integer_or_null(scan, param)?.and_then(|tokens| tokens.try_into().ok()))
}

fn answers(scan: &mut Scanner<'_>) -> Result<Option<u64>, BadRequest> {
    match integer_or_null(scan, "n")? {
        Some(n) if !(1..=MOST_ANSWERS).contains(&n) => {
            Err(BadRequest::OutOfRange { param: "n", expected: "1 to 128" })
        }
        n => Ok(n.map(i64::unsigned_abs)),
    }
}
