//! An answer as it arrives: chunks put in order, repeated ones dropped, and what each stands for on the bill.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use uplion_domain::Usage;
use uplion_log_transport::claim::{AttemptReport, Conclusion, Head};

/// The answer of one claim, as far as it is here.
#[derive(Debug, Default)]
pub struct ReceivedAnswer {
    head: Option<Head>,
    chunks: u64,
    received: u64,
    delivered: u64,
    /// Usage at the end of each chunk that was not delivered yet.
    marks: VecDeque<Mark>,
    delivered_usage: Usage,
    /// Kept here until the request is settled: all of an answer that goes out whole, the end of a stream.
    kept: VecDeque<Bytes>,
    finish: Option<Finish>,
}

#[derive(Debug, Clone)]
struct Mark {
    end: u64,
    usage: Usage,
}

#[derive(Debug, Clone)]
pub struct Finish {
    pub sent: u64,
    pub usage: Usage,
    pub conclusion: Box<Conclusion>,
}

/// How a chunk fits to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    Next,
    /// It was here before.
    Repeated,
    /// Others are missing before it.
    Ahead,
}

impl ReceivedAnswer {
    pub const fn fit(&self, number: u64, offset: u64) -> Fit {
        if number < self.chunks {
            Fit::Repeated
        } else if number == self.chunks && offset == self.received {
            Fit::Next
        } else {
            Fit::Ahead
        }
    }

    /// Takes in the next chunk's attributes; its bytes go to the client or are [kept](Self::keep).
    pub fn take(&mut self, head: Option<Head>, usage: Usage, len: u64) {
        if self.chunks == 0 {
            self.head = head;
        }
        self.chunks += 1;
        self.received += len;
        self.marks.push_back(Mark { end: self.received, usage });
    }

    pub fn keep(&mut self, bytes: Bytes) {
        self.kept.push_back(bytes);
    }

    /// What was kept, in one piece.
    pub fn take_kept(&mut self) -> Bytes {
        if self.kept.len() < 2 {
            return self.kept.pop_front().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(self.kept.iter().map(Bytes::len).sum());
        self.kept.drain(..).for_each(|part| whole.extend_from_slice(&part));
        whole.freeze()
    }

    /// Keeps the end of the newest chunk. Its usage mark counts as reached when only that is missing: `[DONE]` has no
    /// tokens.
    pub fn keep_end(&mut self, end: Bytes) {
        if let Some(mark) = self.marks.back_mut() {
            mark.end -= end.len() as u64;
        }
        self.keep(end);
    }

    pub fn delivered_up_to(&mut self, delivered: u64) {
        self.delivered = delivered;
        while let Some(mark) = self.marks.pop_front_if(|mark| mark.end <= delivered) {
            // A mark at 0 stands for a chunk of nothing but `[DONE]`.
            if mark.end > 0 {
                self.delivered_usage = mark.usage;
            }
        }
    }

    pub fn finish_with(&mut self, finish: Finish) {
        self.finish = Some(finish);
    }

    /// How it ended, once all of it is here.
    pub fn complete(&self) -> Option<Finish> {
        self.finish.as_ref().filter(|finish| finish.sent <= self.received).cloned()
    }

    /// What its worker said of the attempt, be all of the answer here or not.
    pub fn report(&self) -> Option<&AttemptReport> {
        self.finish.as_ref()?.conclusion.attempt.as_ref()
    }

    pub const fn lacks(&self, sent: u64) -> bool {
        self.received < sent
    }

    /// Whether nothing of it is under way to the client.
    pub fn is_written(&self) -> bool {
        self.delivered >= self.unkept()
    }

    /// What must be delivered before only the kept end is missing.
    pub fn unkept(&self) -> u64 {
        self.received - self.kept.iter().map(|part| part.len() as u64).sum::<u64>()
    }

    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    pub const fn received(&self) -> u64 {
        self.received
    }

    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    pub const fn buffered(&self) -> u64 {
        self.received - self.delivered
    }

    /// Of the chunks that the client got.
    pub const fn delivered_usage(&self) -> &Usage {
        &self.delivered_usage
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::usage::Source;

    use super::*;

    fn usage(completion_tokens: u64) -> Usage {
        Usage::tokens(5, 0, completion_tokens, 0, Source::Counted)
    }

    #[test]
    fn chunks_fit_once_and_in_order() {
        let mut answer = ReceivedAnswer::default();
        assert_eq!(answer.fit(1, 4), Fit::Ahead);
        assert_eq!(answer.fit(0, 0), Fit::Next);
        answer.take(None, usage(1), 4);
        assert_eq!(answer.fit(0, 0), Fit::Repeated);
        assert_eq!(answer.fit(1, 4), Fit::Next);
        assert_eq!(answer.fit(1, 5), Fit::Ahead);
    }

    #[test]
    fn usage_is_that_of_the_last_chunk_that_was_delivered_whole() {
        let mut answer = ReceivedAnswer::default();
        answer.take(None, usage(1), 4);
        answer.take(None, usage(2), 4);
        answer.delivered_up_to(3);
        assert_eq!(*answer.delivered_usage(), Usage::default());
        answer.delivered_up_to(7);
        assert_eq!(*answer.delivered_usage(), usage(1));
    }

    #[test]
    fn a_chunk_counts_without_the_end_that_is_kept_back() {
        let mut answer = ReceivedAnswer::default();
        answer.take(None, usage(3), 10);
        answer.keep_end(Bytes::from_static(b"done"));
        assert!(!answer.is_written());
        answer.delivered_up_to(6);
        assert_eq!(*answer.delivered_usage(), usage(3));
        assert!(answer.is_written());
    }
}
