//! The reading of a stream: whole events only, comments left out, usage taken out if the client did not ask for it and
//! put in if it did, and the end where all was said.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout};
use uplion_protocol::{
    Endpoint,
    endpoint::{AnswerGatherer, AnswerPart, AnswerReader, Progress},
    error::UpstreamError,
    sse::{self, Event, Framer, Payload},
};

use super::{client::HttpResponse, response::Expected};
use crate::meter::Meter;

/// An event longer than this is none.
const EVENT_BYTES: usize = 8 << 20;
/// How long an upstream may take to end its response after it said that it is done, for its connection to be kept.
const LINGER: Duration = Duration::from_secs(1);
/// For `[DONE]` to follow the usage, which upstreams say last.
const DONE_WITHIN: Duration = Duration::from_millis(250);
/// What only opens an answer is held until something follows: until then another upstream can still answer. No more of it
/// than this.
const HELD_BYTES: usize = 16 << 10;

pub struct Reader {
    framer: Framer,
    expected: Expected,
    answer: Box<dyn AnswerReader>,
    gathered: Gathered,
    heard: Heard,
    /// What goes out, and may.
    tells: bool,
    /// When it is over, if nothing more comes.
    over_at: Option<Instant>,
    end: Option<StreamEnd>,
}

/// What becomes of the events.
enum Gathered {
    /// Runs of events that go out in one message; not copied if there is but one.
    Run { first: Bytes, more: BytesMut },
    /// They make the whole answer that the client asked for.
    Whole(Box<dyn AnswerGatherer>),
}

/// What the upstream has said so far.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each may come with or without the others")]
struct Heard {
    /// A choice, or usage: more than nothing.
    answer: bool,
    /// Each choice that was asked for has ended.
    finished: bool,
    /// Each choice that came has ended.
    ended: bool,
    usage: bool,
    /// In an event that only says this, as the last one does.
    usage_alone: bool,
    /// The client has found usage.
    usage_shown: bool,
    /// The event that says so.
    done: Option<Bytes>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    Complete,
    TooLarge,
    /// What the upstream said, or what is to be said in its place.
    Failed(Box<UpstreamError>),
}

impl Reader {
    pub fn new(expected: Expected) -> Self {
        let endpoint = expected.endpoint;
        let gathered = if expected.stream {
            Gathered::Run { first: Bytes::new(), more: BytesMut::new() }
        } else {
            Gathered::Whole(endpoint.answer_gatherer())
        };
        Self {
            framer: Framer::new(EVENT_BYTES),
            expected,
            answer: endpoint.answer_reader(expected.answers),
            gathered,
            heard: Heard::default(),
            tells: false,
            over_at: None,
            end: None,
        }
    }

    pub fn feed(&mut self, read: Bytes, meter: &mut Meter) {
        match self.framer.feed(read) {
            Ok(Some(run)) => self.gather(&run, meter),
            Ok(None) => {}
            Err(_) => self.end = Some(StreamEnd::TooLarge),
        }
        self.bound_waiting();
    }

    /// The upstream closed the stream. Some never say `[DONE]`; those have said why the answer ended, or what it took.
    pub fn close(&mut self, meter: &mut Meter) {
        let framer = std::mem::replace(&mut self.framer, Framer::new(EVENT_BYTES));
        if let Some(rest) = framer.finish() {
            // A client reads no event that nothing follows.
            let ended = [&rest[..], b"\n\n"].concat().into();
            self.gather(&ended, meter);
        }
        let Heard { ended, usage, done, .. } = &self.heard;
        if *ended || *usage || done.is_some() {
            self.complete(meter);
        } else {
            self.break_off();
        }
    }

    /// The connection broke; what was said before may have been all.
    pub fn lose(&mut self, meter: &mut Meter) {
        let Heard { ended, usage_alone, done, .. } = &self.heard;
        if *ended || *usage_alone || done.is_some() {
            self.complete(meter);
        } else {
            self.break_off();
        }
    }

    /// All was said.
    pub fn complete(&mut self, meter: &mut Meter) {
        if self.end.is_some() {
            return;
        }
        if !self.heard.answer {
            let nothing = "the model's server ended its stream without an answer";
            return self.fail(UpstreamError::new(nothing.to_owned()));
        }
        self.end = Some(StreamEnd::Complete);
        let Gathered::Run { .. } = self.gathered else { return };
        if self.expected.usage && !self.heard.usage_shown {
            let event = self.answer.usage_event(&meter.running());
            self.push(event);
        }
        if let Some(done) = self.heard.done.take().or_else(|| end_event(self.expected.endpoint)) {
            self.push(done);
        }
    }

    fn break_off(&mut self) {
        let broken = "the model's server broke off its answer";
        self.fail(UpstreamError::new(broken.to_owned()));
    }

    fn fail(&mut self, error: UpstreamError) {
        self.end.get_or_insert(StreamEnd::Failed(Box::new(error)));
    }

    /// Whether there is something to be sent that need not wait for more.
    pub fn has_something(&self) -> bool {
        match &self.gathered {
            Gathered::Run { first, .. } => {
                !first.is_empty() && (self.tells || self.gathered() > HELD_BYTES)
            }
            Gathered::Whole(_) => false,
        }
    }

    /// Bytes.
    pub fn gathered(&self) -> usize {
        match &self.gathered {
            Gathered::Run { first, more } => first.len() + more.len(),
            Gathered::Whole(_) => 0,
        }
    }

    pub fn take(&mut self, meter: &mut Meter) -> Bytes {
        match &mut self.gathered {
            Gathered::Run { first, more } => {
                let first = std::mem::take(first);
                if more.is_empty() {
                    return first;
                }
                let mut all = BytesMut::with_capacity(first.len() + more.len());
                all.extend_from_slice(&first);
                all.unsplit(more.split());
                all.freeze()
            }
            Gathered::Whole(answer) => answer.whole(&meter.running()),
        }
    }

    pub const fn end(&self) -> Option<&StreamEnd> {
        self.end.as_ref()
    }

    /// When it is over although nothing says so, if nothing more comes.
    pub const fn over_at(&self) -> Option<Instant> {
        self.over_at
    }

    /// Usage may still follow an end that came without it, if it was asked for; an end may follow the last word.
    fn bound_waiting(&mut self) {
        let Heard { finished, ended, usage, usage_alone, done, .. } = &self.heard;
        let grace = self.expected.grace;
        let wait = match done {
            Some(_) if *usage || !self.expected.asks_usage => Duration::ZERO,
            Some(_) => grace,
            None if *finished && *usage_alone => grace.min(DONE_WITHIN),
            // Who was asked for several answers may give fewer, and says so with the usage.
            None if *finished || *ended && *usage_alone => grace,
            None => {
                self.over_at = None;
                return;
            }
        };
        let at = Instant::now() + wait;
        self.over_at = Some(self.over_at.map_or(at, |before| before.min(at)));
    }

    fn gather(&mut self, run: &Bytes, meter: &mut Meter) {
        let kept = sse::retain(run, |event| self.keep(event, run, meter));
        if !kept.is_empty() {
            self.push(kept);
        }
    }

    fn push(&mut self, events: Bytes) {
        match &mut self.gathered {
            Gathered::Run { first, .. } if first.is_empty() => *first = events,
            Gathered::Run { more, .. } => more.extend_from_slice(&events),
            Gathered::Whole(_) => {}
        }
    }

    fn keep(&mut self, event: &Event<'_>, run: &Bytes, meter: &mut Meter) -> bool {
        if self.end.is_some() {
            return false;
        }
        match &event.payload {
            Payload::Nothing => false,
            Payload::Done => {
                self.heard.done = Some(self.done_event(run.slice(event.range.clone())));
                false
            }
            // A client has stopped reading: what was whole is not undone.
            Payload::Error(_) | Payload::Bare(_) if self.heard.done.is_some() => false,
            Payload::Error(data) => {
                self.fail(UpstreamError::of_event(data));
                false
            }
            Payload::Bare(json) => {
                if let Some(error) = UpstreamError::of_answer(json) {
                    self.fail(error);
                }
                false
            }
            Payload::Data(json) => self.keep_data(json, meter),
        }
    }

    fn keep_data(&mut self, json: &[u8], meter: &mut Meter) -> bool {
        let Ok(part) = self.answer.event(json) else {
            // Behind the end nothing is missed, and some say it in words of their own: `[done]`, `[END]`.
            if self.heard.done.is_none() && !(self.heard.finished && is_end_mark(json)) {
                self.fail(UpstreamError::of_unreadable_event(json));
            }
            return false;
        };
        match &part.progress {
            Progress::Going => {}
            Progress::Finished => self.heard.finished = true,
            Progress::Ended => self.heard.done = Some(Bytes::new()),
            Progress::Failed(_) if self.heard.done.is_some() => return false,
            Progress::Failed(error) => {
                self.fail(error.as_ref().clone());
                return false;
            }
        }
        meter.add(&part);
        self.heard.hear(&part);
        if let Gathered::Whole(answer) = &mut self.gathered {
            // It was read a moment ago.
            let _ = answer.event(json);
            if answer.bytes() as u64 > self.expected.max_bytes {
                self.end = Some(StreamEnd::TooLarge);
            }
            return false;
        }
        let kept = self.expected.usage || !part.only_usage;
        self.heard.usage_shown |= kept && part.shows_usage;
        // What comes behind `[DONE]` is for the bill, and for whom asked for it.
        let kept = kept && (self.heard.done.is_none() || part.only_usage);
        self.tells |= kept && part.tells;
        kept
    }

    /// As the upstream said it, if the gateway knows it by that.
    fn done_event(&self, event: Bytes) -> Bytes {
        let is_known = self.expected.endpoint.dialect().end_of_stream(&event) == Some(0);
        if is_known { event } else { end_event(self.expected.endpoint).unwrap_or(event) }
    }
}

impl Heard {
    fn hear(&mut self, part: &AnswerPart<'_>) {
        let usage = part.usage.as_ref().is_some_and(|usage| !usage.is_none());
        self.answer |= part.answers || usage;
        self.ended = part.ended;
        self.usage |= usage;
        self.usage_alone |= usage && part.only_usage;
    }
}

/// One word in brackets.
fn is_end_mark(data: &[u8]) -> bool {
    let word = data.trim_ascii().strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    word.is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic))
}

fn end_event(endpoint: Endpoint) -> Option<Bytes> {
    endpoint.dialect().end_event().map(Bytes::from_static)
}

/// Reads on to the end of the response, so that its connection can be used again.
pub fn drain(mut response: HttpResponse) {
    tokio::spawn(timeout(LINGER, async move { while let Ok(Some(_)) = response.chunk().await {} }));
}
