//! What of an answer was sent, what of it the gateway has, and what its client was given.
//!
//! Keeps a copy of each chunk until a credit says that the gateway has it, and sends no more than the window allows.
//! A chunk is missing if the gateway has heard what was sent after it, and for a second has not had it: then it is
//! sent again with all that followed, which the gateway could not use. What only waits in a queue is never sent again,
//! and what stays missing is sent less and less often: whoever is overloaded must not be sent more.
//! Pure: no I/O, and the clock comes from outside.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;
use uplion_domain::{ClaimId, Usage};
use uplion_log_transport::claim::{FromWorker, Head};

/// Bytes of copies that are kept for sending again.
pub const KEPT_BYTES: u64 = 256 * 1024;
/// Bytes of one message: several fit into what is kept, so that sending never waits for a whole round trip.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// A chunk that was heard of and not received for so long was lost.
pub const RESEND_AFTER: Duration = Duration::from_secs(1);
/// How often that time doubles while nothing is received.
const DOUBLINGS: u32 = 3;

#[derive(Debug)]
pub struct SendBuffer {
    claim: ClaimId,
    window: u64,
    waiting: VecDeque<Part>,
    kept: VecDeque<SentChunk>,
    /// Those of the kept from here on are to be sent again.
    resend_from: Option<usize>,
    /// Times that something was sent again since something was received.
    resends_in_a_row: u32,
    resent: u64,
    chunks: u64,
    sent: u64,
    received: u64,
    delivered: u64,
    /// Running usage of the last part that was pushed.
    pushed_usage: Usage,
    newest_credit: u64,
}

#[derive(Debug)]
struct Part {
    head: Option<Head>,
    usage: Usage,
    bytes: Bytes,
}

#[derive(Debug)]
struct SentChunk {
    number: u64,
    offset: u64,
    part: Part,
    at: Instant,
    /// What all of this worker's chunks came to with it, when it was sent last.
    all_sent: u64,
}

impl SendBuffer {
    /// `window`: bytes that may be sent beyond what was delivered.
    pub fn new(claim: ClaimId, window: u64) -> Self {
        Self {
            claim,
            window,
            waiting: VecDeque::new(),
            kept: VecDeque::new(),
            resend_from: None,
            resends_in_a_row: 0,
            resent: 0,
            chunks: 0,
            sent: 0,
            received: 0,
            delivered: 0,
            pushed_usage: Usage::default(),
            newest_credit: 0,
        }
    }

    /// A window that was larger once stays so.
    pub fn widen(&mut self, window: u64) {
        self.window = self.window.max(window);
    }

    /// Takes the next part of the answer. `head` comes with the first one.
    pub fn push(&mut self, mut head: Option<Head>, mut bytes: Bytes, usage: Usage) {
        // Two at least fit into the window, so that one is under way while the other is written.
        let most = usize::try_from(self.window / 2).unwrap_or(usize::MAX).clamp(1, CHUNK_BYTES);
        while bytes.len() > most {
            // Its tokens count once all of it has come.
            let (usage, bytes) = (self.pushed_usage.clone(), bytes.split_to(most));
            self.waiting.push_back(Part { head: head.take(), usage, bytes });
        }
        self.pushed_usage.clone_from(&usage);
        self.waiting.push_back(Part { head, usage, bytes });
    }

    /// Bytes of the next chunk that may be sent; none if there is none, or no window for it.
    pub fn next_bytes(&self) -> Option<usize> {
        if let Some(again) = self.resend_from {
            return Some(self.kept[again].part.bytes.len());
        }
        let bytes = self.waiting.front()?.bytes.len();
        let end = self.sent + bytes as u64;
        let fits =
            end <= self.delivered.saturating_add(self.window) && end <= self.received + KEPT_BYTES;
        fits.then_some(bytes)
    }

    /// That chunk. `all_sent`: what all of this worker's chunks to this gateway come to with it.
    pub fn send(&mut self, now: Instant, all_sent: u64) -> Option<FromWorker> {
        self.next_bytes()?;
        if let Some(again) = self.resend_from {
            return Some(self.resend(again, now, all_sent));
        }
        let part = self.waiting.pop_front()?;
        let end = self.sent + part.bytes.len() as u64;
        let sent = SentChunk { number: self.chunks, offset: self.sent, part, at: now, all_sent };
        let chunk = sent.chunk(self.claim);
        self.kept.push_back(sent);
        self.chunks += 1;
        self.sent = end;
        Some(chunk)
    }

    fn resend(&mut self, index: usize, now: Instant, all_sent: u64) -> FromWorker {
        let next = index + 1;
        self.resend_from = (next < self.kept.len()).then_some(next);
        self.resent += 1;
        let sent = &mut self.kept[index];
        (sent.at, sent.all_sent) = (now, all_sent);
        sent.chunk(self.claim)
    }

    /// Whether more of the answer may be read: nothing waits, and there is room for something.
    pub fn wants_more(&self) -> bool {
        self.waiting.is_empty()
            && self.sent < self.delivered.saturating_add(self.window)
            && self.sent < self.received + KEPT_BYTES
    }

    /// Whether this credit is news. `heard`: of all that this worker has sent, how far the gateway was when it said so.
    pub fn credit(
        &mut self,
        now: Instant,
        number: u64,
        (received, delivered): (u64, u64),
        heard: u64,
    ) -> bool {
        if number <= self.newest_credit {
            return false;
        }
        self.newest_credit = number;
        self.received = self.received.max(received.min(self.sent));
        self.delivered = self.delivered.max(delivered.min(self.received));
        self.free_received();
        self.find_missing(now, heard);
        true
    }

    fn free_received(&mut self) {
        // An answer without bytes is one empty chunk, which no count of bytes can show received.
        let freed = |sent: &SentChunk| sent.end() <= self.received && sent.offset < self.received;
        while self.kept.front().is_some_and(freed) {
            self.kept.pop_front();
            self.resends_in_a_row = 0;
            self.resend_from = self.resend_from.map(|again| again.saturating_sub(1));
        }
        self.resend_from = self.resend_from.filter(|again| *again < self.kept.len());
    }

    /// The oldest stands for all that was sent after it, which is of no use without it.
    fn find_missing(&mut self, now: Instant, heard: u64) {
        let Some(oldest) = self.kept.front() else { return };
        let patience = RESEND_AFTER * 2_u32.pow(self.resends_in_a_row.min(DOUBLINGS));
        if oldest.all_sent <= heard && now.duration_since(oldest.at) >= patience {
            self.resend_from = Some(0);
            self.resends_in_a_row += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub const fn chunks(&self) -> u64 {
        self.chunks
    }

    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Chunks that were sent again.
    pub const fn resent(&self) -> u64 {
        self.resent
    }

    pub const fn newest_credit(&self) -> u64 {
        self.newest_credit
    }
}

impl SentChunk {
    fn end(&self) -> u64 {
        self.offset + self.part.bytes.len() as u64
    }

    fn chunk(&self, claim: ClaimId) -> FromWorker {
        FromWorker::Chunk {
            claim,
            number: self.number,
            offset: self.offset,
            all_sent: self.all_sent,
            head: self.part.head.clone(),
            usage: self.part.usage.clone(),
            conclusion: None,
            bytes: self.part.bytes.clone(),
        }
    }
}

#[cfg(test)]
#[path = "send_buffer_spec.rs"]
mod spec;
