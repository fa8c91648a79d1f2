//! The client of a request: what it has seen so far, and what it is shown next.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_log_transport::claim::Head;
use uplion_protocol::{Dialect, error::ApiError};

use super::{
    action::{Action, WholeAnswer},
    last_words::error_event,
};
use crate::options::Timeouts;

const EVENT_STREAM: &str = "text/event-stream";

#[derive(Debug)]
pub struct Client {
    dialect: Dialect,
    streamed: bool,
    seen: Seen,
    started: Instant,
    wrote: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// Perhaps comments, too.
    Headers,
    /// A part of the answer: no other worker can begin anew.
    Answer,
    /// All that it will ever see, or it went away.
    Everything,
}

/// What the client gets once the settlement is on the log.
#[derive(Debug)]
pub enum ClientEnd {
    Respond(WholeAnswer),
    End(Bytes),
    /// It got all that it will get.
    Nothing,
}

impl Client {
    pub const fn new(dialect: Dialect, streamed: bool, now: Instant) -> Self {
        Self { dialect, streamed, seen: Seen::Nothing, started: now, wrote: now }
    }

    pub fn is_done(&self) -> bool {
        self.seen == Seen::Everything
    }

    pub fn saw_answer(&self) -> bool {
        self.seen == Seen::Answer
    }

    pub fn saw_nothing(&self) -> bool {
        self.seen == Seen::Nothing
    }

    pub fn leave(&mut self) {
        self.seen = Seen::Everything;
    }

    /// When it is shown a sign of life next.
    pub fn due(&self, timeouts: &Timeouts) -> Option<Instant> {
        match self.seen {
            Seen::Nothing if self.streamed => Some(self.started + timeouts.headers),
            Seen::Headers | Seen::Answer => Some(self.wrote + timeouts.keep_alive),
            Seen::Nothing | Seen::Everything => None,
        }
    }

    pub fn keep_alive(&mut self, now: Instant, timeouts: &Timeouts, actions: &mut Vec<Action>) {
        if self.due(timeouts).is_some_and(|due| due <= now) {
            self.begin(now, None, actions);
            self.wrote = now;
            actions.push(Action::WriteOwn(self.dialect.keep_alive().into()));
        }
    }

    /// Headers, if it has not seen them yet.
    pub fn begin(&mut self, now: Instant, head: Option<Head>, actions: &mut Vec<Action>) {
        if self.seen == Seen::Nothing {
            let begun =
                || Head { status: 200, content_type: EVENT_STREAM.to_owned(), retry_after_s: None };
            self.seen = Seen::Headers;
            self.wrote = now;
            actions.push(Action::Begin(head.unwrap_or_else(begun)));
        }
    }

    pub fn write(&mut self, now: Instant, part: Bytes, actions: &mut Vec<Action>) {
        if !part.is_empty() {
            self.seen = Seen::Answer;
            self.wrote = now;
            actions.push(Action::WriteAnswer(part));
        }
    }

    /// The end of its answer, if it is still there.
    pub fn finish(&mut self, end: ClientEnd, actions: &mut Vec<Action>) {
        if self.is_done() {
            return;
        }
        match end {
            ClientEnd::Respond(whole) => actions.push(Action::Respond(whole)),
            ClientEnd::End(end) => {
                // What is on the log as ours contradicts nobody, however late it is written.
                actions.push(Action::WriteUntil(None));
                if !end.is_empty() {
                    actions.push(Action::WriteOwn(end));
                }
                actions.push(Action::End);
            }
            ClientEnd::Nothing => return,
        }
        self.seen = Seen::Everything;
    }

    /// An upstream's error is its last word, if it has not had one.
    pub fn fail_as_upstream(&mut self, answer: WholeAnswer, actions: &mut Vec<Action>) {
        match self.seen {
            Seen::Nothing => actions.push(Action::Respond(answer)),
            Seen::Headers | Seen::Answer => {
                let event = error_event(self.dialect, &answer.body, answer.head.status);
                actions.extend([Action::WriteOwn(event), Action::End]);
            }
            Seen::Everything => {}
        }
        self.seen = Seen::Everything;
    }

    /// An error is its last word, if it has not had one.
    pub fn fail(&mut self, error: ApiError, actions: &mut Vec<Action>) {
        match self.seen {
            Seen::Nothing => actions.push(Action::Reject(error)),
            Seen::Headers | Seen::Answer => {
                actions.extend([Action::WriteOwn(self.dialect.error_event(&error)), Action::End]);
            }
            Seen::Everything => {}
        }
        self.seen = Seen::Everything;
    }
}
