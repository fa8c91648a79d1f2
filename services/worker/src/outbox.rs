//! What of an answer was sent, what of it the gateway has, and what its client was given.
//!
//! Keeps a copy of each chunk until a credit says that the gateway has it, sends it again when a credit shows
//! that it went missing, and sends no more than the window allows. Pure: no I/O, and the clock comes from outside.

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
/// A chunk that a credit does not show received for so long was lost.
pub const RESEND_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Outbox {
    claim: ClaimId,
    window: u64,
    waiting: VecDeque<Part>,
    kept: VecDeque<Sent>,
    /// End and running usage of the chunks that the client does not have whole.
    undelivered: VecDeque<(u64, Usage)>,
    chunks: u64,
    sent: u64,
    received: u64,
    delivered: u64,
    delivered_usage: Usage,
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
struct Sent {
    number: u64,
    offset: u64,
    part: Part,
    at: Instant,
}

impl Outbox {
    /// `window`: bytes that may be sent beyond what was delivered.
    pub fn new(claim: ClaimId, window: u64) -> Self {
        Self {
            claim,
            window,
            waiting: VecDeque::new(),
            kept: VecDeque::new(),
            undelivered: VecDeque::new(),
            chunks: 0,
            sent: 0,
            received: 0,
            delivered: 0,
            delivered_usage: Usage::default(),
            pushed_usage: Usage::default(),
            newest_credit: 0,
        }
    }

    /// Takes the next part of the answer. `head` comes with the first one.
    pub fn push(&mut self, mut head: Option<Head>, mut bytes: Bytes, usage: Usage) {
        let most = usize::try_from(self.window).unwrap_or(usize::MAX).clamp(1, CHUNK_BYTES);
        while bytes.len() > most {
            // Its tokens count once all of it has come.
            let (usage, bytes) = (self.pushed_usage, bytes.split_to(most));
            self.waiting.push_back(Part { head: head.take(), usage, bytes });
        }
        self.waiting.push_back(Part { head, usage, bytes });
        self.pushed_usage = usage;
    }

    /// The next chunk that may be sent; none if there is none, or no room for it.
    pub fn next(&mut self, now: Instant) -> Option<FromWorker> {
        let end = self.sent + self.waiting.front()?.bytes.len() as u64;
        if end > self.delivered.saturating_add(self.window) || end > self.received + KEPT_BYTES {
            return None;
        }
        let part = self.waiting.pop_front()?;
        self.undelivered.push_back((end, part.usage));
        let sent = Sent { number: self.chunks, offset: self.sent, part, at: now };
        let chunk = sent.chunk(self.claim);
        self.kept.push_back(sent);
        self.chunks += 1;
        self.sent = end;
        Some(chunk)
    }

    /// Whether more of the answer may be read: nothing waits, and there is room for something.
    pub fn has_room(&self) -> bool {
        self.waiting.is_empty()
            && self.sent < self.delivered.saturating_add(self.window)
            && self.sent < self.received + KEPT_BYTES
    }

    /// Whether this credit is news.
    pub fn credit(&mut self, number: u64, received: u64, delivered: u64) -> bool {
        if number <= self.newest_credit {
            return false;
        }
        self.newest_credit = number;
        self.received = self.received.max(received.min(self.sent));
        self.delivered = self.delivered.max(delivered.min(self.received));
        // An answer without bytes is one empty chunk, which no count of bytes can show received.
        let freed = |sent: &Sent| sent.end() <= self.received && sent.offset < self.received;
        while self.kept.front().is_some_and(freed) {
            self.kept.pop_front();
        }
        while let Some((end, usage)) = self.undelivered.front().copied()
            && (1..=self.delivered).contains(&end)
        {
            self.delivered_usage = usage;
            self.undelivered.pop_front();
        }
        true
    }

    /// The chunks that the newest credit shows missing, to be sent again.
    pub fn missing(&mut self, now: Instant) -> Vec<FromWorker> {
        let claim = self.claim;
        let late = |sent: &&mut Sent| now.duration_since(sent.at) >= RESEND_AFTER;
        let again = |sent: &mut Sent| {
            sent.at = now;
            sent.chunk(claim)
        };
        self.kept.iter_mut().filter(late).map(again).collect()
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

    pub const fn newest_credit(&self) -> u64 {
        self.newest_credit
    }

    /// Usage up to the last chunk that the client has whole.
    pub const fn delivered_usage(&self) -> Usage {
        self.delivered_usage
    }
}

impl Sent {
    fn end(&self) -> u64 {
        self.offset + self.part.bytes.len() as u64
    }

    fn chunk(&self, claim: ClaimId) -> FromWorker {
        FromWorker::Chunk {
            claim,
            number: self.number,
            offset: self.offset,
            head: self.part.head.clone(),
            usage: self.part.usage,
            end: None,
            bytes: self.part.bytes.clone(),
        }
    }
}

#[cfg(test)]
#[path = "outbox_spec.rs"]
mod spec;
