//! The endpoints that are served: the one place where they are listed.
//!
//! Each is a module of its own, which says how it is spoken. Gateway and worker ask the [`Endpoint`] that a request
//! came by, and know none by name.

pub mod answer;
pub mod chat_completions;
pub mod demo;
mod forwarding;
mod parameters;
mod read;

use std::{borrow::Cow, ops::Deref};

use bytes::Bytes;
use uplion_domain::Operation;

use self::chat_completions::ChatCompletions;
pub use self::{
    answer::{AnswerGatherer, AnswerPart, AnswerReader, Piece, PieceKind, Progress},
    demo::Demonstration,
    forwarding::{Forwarding, NotForwarded},
    read::Read,
};
use crate::{Dialect, Malformed, error::BadRequest};

/// One of the endpoints; it can do what its [`WireFormat`] can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    ChatCompletions,
}

impl Endpoint {
    pub const ALL: &[Self] = &[Self::ChatCompletions];

    /// That which serves `operation`; none if this version has none.
    pub fn of(operation: &Operation) -> Option<Self> {
        Self::ALL.iter().copied().find(|endpoint| endpoint.operation() == *operation)
    }

    /// The one that upstreams have at this path, behind their base URL.
    pub fn at_upstream(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|endpoint| endpoint.upstream_path() == path)
    }

    const fn wire_format(self) -> &'static dyn WireFormat {
        match self {
            Self::ChatCompletions => &ChatCompletions,
        }
    }
}

impl Deref for Endpoint {
    type Target = dyn WireFormat;

    fn deref(&self) -> &Self::Target {
        self.wire_format()
    }
}

/// How an endpoint is spoken: by clients, and by the upstreams that answer for it.
pub trait WireFormat: Sync {
    fn dialect(&self) -> Dialect;

    /// What is asked for here, as the log calls it. Each has one endpoint.
    fn operation(&self) -> Operation;

    /// Where clients find it, the usual path first.
    fn paths(&self) -> &'static [&'static str];

    /// Where an upstream has it, behind its base URL, which ends in `/v1` or the like.
    fn upstream_path(&self) -> &'static str;

    /// Whether a body said to be of this type is worth reading. curl's default for `-d` is let through, because
    /// everybody's first try is made with it.
    fn takes(&self, media_type: &str) -> bool {
        let known = ["application/json", "application/x-www-form-urlencoded", "text/plain"];
        known.iter().any(|known| media_type.eq_ignore_ascii_case(known))
    }

    /// What a client asks for, as far as the platform must know. The only reading of a body on the way of a request.
    fn read(&self, body: &[u8]) -> Result<Read, BadRequest>;

    /// The texts of the prompt, for counting its tokens where the upstream reports none.
    fn prompt<'a>(&self, body: &'a [u8]) -> Result<Vec<Cow<'a, str>>, Malformed>;

    /// The body for an upstream that refuses to be asked for a stream's usage; none if it was not asked.
    fn without_usage_wish(&self, body: &Bytes) -> Option<Bytes>;

    /// A reader for what comes of one request, which asked for so many answers.
    fn answer_reader(&self, answers: u64) -> Box<dyn AnswerReader>;

    /// For a stream whose client asked for a whole answer.
    fn answer_gatherer(&self) -> Box<dyn AnswerGatherer>;

    /// A whole answer, as events, for a client that asked for a stream; usage last, and no end.
    fn events_of(&self, whole: &[u8]) -> Result<Bytes, Malformed>;

    /// What the built-in demonstration model, called `model`, answers to a body that was read; none if it does not
    /// speak this.
    fn demonstrate(&self, read: &Read, body: &[u8], model: &str) -> Option<Demonstration> {
        let _ = (read, body, model);
        None
    }
}

#[cfg(test)]
mod spec {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_path_belongs_to_one_endpoint() {
        let mut seen = HashSet::new();
        for path in Endpoint::ALL.iter().flat_map(|endpoint| endpoint.paths()) {
            assert!(path.starts_with('/') && seen.insert(*path), "{path}");
        }
    }

    #[test]
    fn an_operation_has_one_endpoint() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::of(&endpoint.operation()), Some(*endpoint));
        }
        assert_eq!(Endpoint::of(&"of_a_later_version".parse().unwrap()), None);
    }

    #[test]
    fn an_upstream_path_can_follow_a_base_url() {
        let mut seen = HashSet::new();
        for endpoint in Endpoint::ALL {
            let path = endpoint.upstream_path();
            assert!(path.starts_with('/') && !path.ends_with('/') && seen.insert(path), "{path}");
            assert_eq!(Endpoint::at_upstream(path), Some(*endpoint));
        }
    }
}
