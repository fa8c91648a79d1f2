//! What a chat completion's body asks for.
//!
//! Messages, tools and whatever a model server adds of its own are checked for grammar and passed over.

use std::ops::Range;

use uplion_domain::request::Asked;

use super::{
    super::{
        Read,
        parameters::{Parameters, bool_or_null, bound, members, wrong_type},
    },
    extent::Extent,
};
use crate::{
    error::BadRequest,
    json::{
        Edit,
        scan::{Kind, Scanner},
    },
};

const INCLUDE_USAGE: &str = "stream_options.include_usage";

#[derive(Default)]
struct Chat {
    parameters: Parameters,
    options: StreamOptions,
    extent: Extent,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
}

#[derive(Default)]
enum StreamOptions {
    #[default]
    Absent,
    Null(Range<usize>),
    Object {
        /// Just after the brace.
        inside: usize,
        empty: bool,
        include_usage: Option<(bool, Range<usize>)>,
    },
}

pub(super) fn read(body: &[u8]) -> Result<Read, BadRequest> {
    let mut chat = Chat::default();
    members(body, |scan, key| chat.read(scan, key))?;
    let Chat { parameters, options, extent, max_tokens, max_completion_tokens } = chat;
    let mut read = parameters.finish(body.len())?;
    // As it was called before.
    read.most_output = max_completion_tokens.or(max_tokens);
    read.asked = Asked {
        text_bytes: extent.bounds_prompt().then_some(body.len() as u64),
        answer: read.most_output.filter(|_| extent.bounds_answers()),
        answers: u32::try_from(read.n).unwrap_or(u32::MAX),
    };
    let forwarding = &mut read.forwarding;
    forwarding.answers = read.n;
    forwarding.usage_wanted = options.include_usage();
    if forwarding.streamed && !forwarding.usage_wanted {
        let edit = options.ask_for_usage(forwarding.after_model());
        forwarding.edit(edit);
    }
    Ok(read)
}

impl Chat {
    fn read(&mut self, scan: &mut Scanner<'_>, key: &str) -> Result<(), BadRequest> {
        match key {
            // Counted where the upstream reports no usage; two of them would be two prompts, one of them unseen.
            "messages" => {
                self.parameters.prompt(scan, "messages", |scan| self.extent.messages(scan))
            }
            "tools" => self.parameters.prompt(scan, "tools", |scan| self.extent.tools(scan)),
            "max_tokens" => {
                self.parameters.once("max_tokens")?;
                self.max_tokens = bound(scan, "max_tokens")?;
                Ok(())
            }
            "max_completion_tokens" => {
                self.parameters.once("max_completion_tokens")?;
                self.max_completion_tokens = bound(scan, "max_completion_tokens")?;
                Ok(())
            }
            "stream_options" => self.read_stream_options(scan),
            _ => {
                self.extent.member(scan, key);
                self.parameters.read(scan, key)
            }
        }
    }

    fn read_stream_options(&mut self, scan: &mut Scanner<'_>) -> Result<(), BadRequest> {
        self.parameters.once("stream_options")?;
        let start = scan.at();
        match scan.peek() {
            Kind::Null => {
                scan.null()?;
                self.options = StreamOptions::Null(start..scan.at());
                Ok(())
            }
            Kind::Object => {
                let (mut empty, mut include_usage) = (true, None);
                scan.object(|scan, key| {
                    empty = false;
                    if key.decode() != "include_usage" {
                        return Ok(scan.skip()?);
                    }
                    self.parameters.once(INCLUDE_USAGE)?;
                    let start = scan.at();
                    let wanted = bool_or_null(scan, INCLUDE_USAGE)?.unwrap_or(false);
                    include_usage = Some((wanted, start..scan.at()));
                    Ok::<_, BadRequest>(())
                })?;
                self.options = StreamOptions::Object { inside: start + 1, empty, include_usage };
                Ok(())
            }
            Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Nothing => {
                wrong_type(scan, "stream_options", "an object")
            }
        }
    }
}

impl StreamOptions {
    fn include_usage(&self) -> bool {
        match self {
            Self::Absent | Self::Null(_) => false,
            Self::Object { include_usage, .. } => matches!(include_usage, Some((true, _))),
        }
    }

    fn ask_for_usage(self, after_model: usize) -> Edit {
        match self {
            // Whatever else the object holds, it holds a model: a member may always follow that one.
            Self::Absent => {
                Edit::insert(after_model, r#","stream_options":{"include_usage":true}"#)
            }
            Self::Null(null) => Edit::replace(null, r#"{"include_usage":true}"#),
            Self::Object { include_usage: Some((_, no)), .. } => Edit::replace(no, "true"),
            Self::Object { inside, empty: true, include_usage: None } => {
                Edit::insert(inside, r#""include_usage":true"#)
            }
            Self::Object { inside, empty: false, include_usage: None } => {
                Edit::insert(inside, r#""include_usage":true,"#)
            }
        }
    }
}

#[cfg(test)]
#[path = "request_spec.rs"]
mod spec;

#[cfg(test)]
#[path = "request_upstream_spec.rs"]
mod upstream_spec;
