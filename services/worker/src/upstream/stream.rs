//! The reading of a stream: whole events only, comments left out, usage taken out if the client did not ask for it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;
use uplion_log_transport::claim::End;
use uplion_protocol::{
    endpoint::{AnswerReader, Progress},
    sse::{self, Event, Framer, Payload},
};

use super::client::HttpResponse;
use crate::meter::Meter;

/// An event longer than this is none.
const EVENT_BYTES: usize = 8 << 20;
/// How long an upstream may take to end its response after it said that it is done, for its connection to be kept.
const LINGER: Duration = Duration::from_secs(1);

pub struct Reader {
    framer: Framer,
    answer: Box<dyn AnswerReader>,
    usage_wanted: bool,
    gathered: Gathered,
    /// Whether a choice said why it ended.
    finished: bool,
    end: Option<End>,
}

/// Runs of events that go out in one message; not copied if there is but one.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    more: BytesMut,
}

impl Reader {
    pub fn new(answer: Box<dyn AnswerReader>, usage_wanted: bool) -> Self {
        let (framer, gathered) = (Framer::new(EVENT_BYTES), Gathered::default());
        Self { framer, answer, usage_wanted, gathered, finished: false, end: None }
    }

    pub fn feed(&mut self, read: Bytes, meter: &mut Meter) {
        match self.framer.feed(read) {
            Ok(Some(run)) => self.gather(&run, meter),
            Ok(None) => {}
            Err(_) => self.end = Some(End::TooLarge),
        }
    }

    /// The upstream closed the stream. Some never say `[DONE]`; those have said why the answer ended.
    pub fn close(&mut self, meter: &mut Meter) {
        let framer = std::mem::replace(&mut self.framer, Framer::new(EVENT_BYTES));
        if let Some(rest) = framer.finish() {
            self.gather(&rest, meter);
        }
        let end = if self.finished { End::Complete } else { End::Broken };
        self.end.get_or_insert(end);
    }

    pub fn break_off(&mut self) {
        self.end.get_or_insert(End::Broken);
    }

    pub fn has_something(&self) -> bool {
        !self.gathered.first.is_empty()
    }

    /// Bytes.
    pub fn gathered(&self) -> usize {
        self.gathered.first.len() + self.gathered.more.len()
    }

    pub fn take(&mut self) -> Bytes {
        let Gathered { first, mut more } = std::mem::take(&mut self.gathered);
        if more.is_empty() {
            return first;
        }
        let mut all = BytesMut::with_capacity(first.len() + more.len());
        all.extend_from_slice(&first);
        all.unsplit(more.split());
        all.freeze()
    }

    pub fn end(&self) -> Option<End> {
        self.end
    }

    fn gather(&mut self, run: &Bytes, meter: &mut Meter) {
        let kept = sse::retain(run, |event| self.keep(event, meter));
        if self.gathered.first.is_empty() {
            self.gathered.first = kept;
        } else {
            self.gathered.more.extend_from_slice(&kept);
        }
    }

    fn keep(&mut self, event: &Event<'_>, meter: &mut Meter) -> bool {
        if self.end.is_some() {
            return false;
        }
        let json = match &event.payload {
            Payload::Nothing => return false,
            Payload::Done => {
                self.end = Some(End::Complete);
                return true;
            }
            Payload::Data(json) => json,
        };
        let Ok(part) = self.answer.event(json) else {
            self.end = Some(End::Broken);
            return false;
        };
        match part.progress {
            Progress::Going => {}
            Progress::Finished => self.finished = true,
            Progress::Ended => self.end = Some(End::Complete),
            // Some servers answer 200 and put an error on the stream.
            Progress::Failed(_) => {
                self.end = Some(End::Broken);
                return false;
            }
        }
        meter.add(&part);
        self.usage_wanted || !part.only_usage
    }
}

/// Reads on to the end of the response, so that its connection can be used again.
pub fn drain(mut response: HttpResponse) {
    tokio::spawn(timeout(LINGER, async move { while let Ok(Some(_)) = response.chunk().await {} }));
}
