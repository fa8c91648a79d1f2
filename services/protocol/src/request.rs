//! What a chat completion's body asks for, as far as the platform must know, and where it stands.
//!
//! Messages, tools and whatever a model server adds of its own are checked for grammar and passed over.

use std::ops::Range;

use crate::{
    Malformed,
    scan::{Kind, Scanner, integer},
};

/// `OpenAI`'s own bound on the answers to one request.
const MOST_CHOICES: i64 = 128;

/// Its spans are those of the body that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRequest {
    pub model: String,
    pub stream: bool,
    /// Whether the client itself asked for a stream's usage chunk.
    pub include_usage: bool,
    /// The bound on one answer: `max_completion_tokens`, or `max_tokens` as it was called before.
    pub max_tokens: Option<u64>,
    /// How many answers.
    pub n: u64,
    pub(crate) spans: Spans,
}

/// Where the values stand that an upstream is sent differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spans {
    pub body_len: usize,
    /// With its quotes.
    pub model: Range<usize>,
    pub stream_options: StreamOptions,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum StreamOptions {
    #[default]
    Absent,
    Null(Range<usize>),
    Object {
        /// Just after the brace.
        inside: usize,
        empty: bool,
        include_usage: Option<Range<usize>>,
    },
}

/// Why a body is no chat completion that could be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error("the body is not valid JSON: {0}")]
    NotJson(#[from] Malformed),
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("missing required parameter: '{param}'")]
    Missing { param: &'static str },
    #[error("'{param}' is given twice")]
    Duplicate { param: &'static str },
    #[error("invalid type for '{param}': expected {expected}")]
    WrongType { param: &'static str, expected: &'static str },
    #[error("invalid value for '{param}': expected {expected}")]
    OutOfRange { param: &'static str, expected: &'static str },
}

impl BadRequest {
    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Self::NotJson(_) | Self::NotAnObject => None,
            Self::Missing { param }
            | Self::Duplicate { param }
            | Self::WrongType { param, .. }
            | Self::OutOfRange { param, .. } => Some(param),
        }
    }

    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) | Self::NotAnObject => "invalid_json",
            Self::Missing { .. } => "missing_required_parameter",
            Self::Duplicate { .. } => "duplicate_parameter",
            Self::WrongType { .. } => "invalid_type",
            Self::OutOfRange { .. } => "invalid_value",
        }
    }
}

impl ChatRequest {
    pub fn read(body: &[u8]) -> Result<Self, BadRequest> {
        let mut members = Members::default();
        Scanner::document(body, |scan| match scan.peek() {
            Kind::Object => scan.object(|scan, key| members.read(scan, &key.decode())),
            Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Null => {
                scan.skip()?;
                Err(BadRequest::NotAnObject)
            }
            Kind::Nothing => Ok(scan.skip()?),
        })?;
        let Some((model, span)) = members.model else {
            return Err(BadRequest::Missing { param: "model" });
        };
        Ok(Self {
            model,
            stream: members.stream.unwrap_or(false),
            include_usage: members.include_usage,
            max_tokens: members.max_completion_tokens.or(members.max_tokens),
            n: members.n.unwrap_or(1),
            spans: Spans {
                body_len: body.len(),
                model: span,
                stream_options: members.stream_options,
            },
        })
    }
}

#[derive(Default)]
struct Members {
    named: Vec<&'static str>,
    model: Option<(String, Range<usize>)>,
    stream: Option<bool>,
    stream_options: StreamOptions,
    include_usage: bool,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    n: Option<u64>,
}

impl Members {
    fn read(&mut self, scan: &mut Scanner<'_>, key: &str) -> Result<(), BadRequest> {
        match key {
            "model" => self.read_model(scan),
            "stream" => {
                self.once("stream")?;
                self.stream = bool_or_null(scan, "stream")?;
                Ok(())
            }
            "stream_options" => self.read_stream_options(scan),
            "max_tokens" => {
                self.once("max_tokens")?;
                self.max_tokens = bound(scan, "max_tokens")?;
                Ok(())
            }
            "max_completion_tokens" => {
                self.once("max_completion_tokens")?;
                self.max_completion_tokens = bound(scan, "max_completion_tokens")?;
                Ok(())
            }
            "n" => {
                self.once("n")?;
                self.n = choices(scan)?;
                Ok(())
            }
            // Counted where the upstream reports no usage; two of them would be two prompts, one of them unseen.
            "messages" => self.once("messages").and_then(|()| Ok(scan.skip()?)),
            "tools" => self.once("tools").and_then(|()| Ok(scan.skip()?)),
            _ => Ok(scan.skip()?),
        }
    }

    /// Parsers differ in which of two equal keys they believe; what is billed and what is served must not.
    fn once(&mut self, param: &'static str) -> Result<(), BadRequest> {
        if self.named.contains(&param) {
            return Err(BadRequest::Duplicate { param });
        }
        self.named.push(param);
        Ok(())
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

    fn read_stream_options(&mut self, scan: &mut Scanner<'_>) -> Result<(), BadRequest> {
        const PARAM: &str = "stream_options.include_usage";
        self.once("stream_options")?;
        let start = scan.at();
        match scan.peek() {
            Kind::Null => {
                scan.null()?;
                self.stream_options = StreamOptions::Null(start..scan.at());
                Ok(())
            }
            Kind::Object => {
                let (mut empty, mut include_usage) = (true, None);
                scan.object(|scan, key| {
                    empty = false;
                    if key.decode() != "include_usage" {
                        return Ok(scan.skip()?);
                    }
                    self.once(PARAM)?;
                    let start = scan.at();
                    self.include_usage = bool_or_null(scan, PARAM)?.unwrap_or(false);
                    include_usage = Some(start..scan.at());
                    Ok::<_, BadRequest>(())
                })?;
                self.stream_options =
                    StreamOptions::Object { inside: start + 1, empty, include_usage };
                Ok(())
            }
            Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Nothing => {
                wrong_type(scan, "stream_options", "an object")
            }
        }
    }
}

/// The value's grammar comes first: a body that breaks off is not JSON, whatever it broke off in.
fn wrong_type<T>(
    scan: &mut Scanner<'_>,
    param: &'static str,
    expected: &'static str,
) -> Result<T, BadRequest> {
    scan.skip()?;
    Err(BadRequest::WrongType { param, expected })
}

fn bool_or_null(scan: &mut Scanner<'_>, param: &'static str) -> Result<Option<bool>, BadRequest> {
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
fn bound(scan: &mut Scanner<'_>, param: &'static str) -> Result<Option<u64>, BadRequest> {
    Ok(integer_or_null(scan, param)?.and_then(|tokens| tokens.try_into().ok()))
}

fn choices(scan: &mut Scanner<'_>) -> Result<Option<u64>, BadRequest> {
    match integer_or_null(scan, "n")? {
        Some(n) if !(1..=MOST_CHOICES).contains(&n) => {
            Err(BadRequest::OutOfRange { param: "n", expected: "1 to 128" })
        }
        n => Ok(n.map(i64::unsigned_abs)),
    }
}

#[cfg(test)]
#[path = "request_spec.rs"]
mod spec;
