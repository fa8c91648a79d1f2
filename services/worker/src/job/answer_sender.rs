//! The answer on its way to the gateway: what has come of it from the upstream, and how much may be sent now.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use uplion_domain::Usage;
use uplion_log_transport::claim::{AttemptReport, Conclusion, End, FromWorker, Head};

use crate::{flow_control::SendPermit, gateways::ClaimChannel, send_buffer::SendBuffer};

pub struct AnswerSender {
    buffer: SendBuffer,
    permit: SendPermit,
    /// Goes with the first part.
    head: Option<Head>,
    ended: Option<Ended>,
    end_sent: bool,
}

struct Ended {
    conclusion: Conclusion,
    /// Of the whole answer.
    usage: Usage,
}

impl AnswerSender {
    /// `window`: bytes that may be sent beyond what was delivered.
    pub fn new(channel: &ClaimChannel, window: u64) -> Self {
        Self {
            buffer: SendBuffer::new(channel.claim, window),
            permit: SendPermit::new(Arc::clone(channel.window())),
            head: None,
            ended: None,
            end_sent: false,
        }
    }

    pub fn begin(&mut self, head: Head) {
        self.head = Some(head);
    }

    pub fn push(&mut self, bytes: Bytes, usage: Usage) {
        self.buffer.push(self.head.take(), bytes, usage);
    }

    pub fn end(&mut self, conclusion: Conclusion, usage: Usage) {
        self.ended = Some(Ended { conclusion, usage });
    }

    /// Whether a part of it may have been shown.
    pub fn has_begun(&self) -> bool {
        self.buffer.chunks() > 0 || !self.buffer.is_empty()
    }

    pub const fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub fn reported_end(&self) -> Option<End> {
        self.ended.as_ref().map(|ended| ended.conclusion.end)
    }

    /// Of the upstream whose answer has ended.
    pub fn attempt(&self) -> Option<&AttemptReport> {
        self.ended.as_ref()?.conclusion.attempt.as_ref()
    }

    /// Of the whole answer, if there is one.
    pub fn whole_usage(&self) -> Option<Usage> {
        let ended = self.ended.as_ref()?;
        (ended.conclusion.end == End::Complete).then(|| ended.usage.clone())
    }

    /// Whether more of the answer may be read from the upstream.
    pub fn wants_more(&self) -> bool {
        self.buffer.wants_more()
    }

    /// Whether this credit is newer than all before.
    pub fn on_credit(
        &mut self,
        now: Instant,
        number: u64,
        counts: (u64, u64),
        window: u64,
        heard: u64,
    ) -> bool {
        self.buffer.widen(window);
        self.buffer.credit(now, number, counts, heard)
    }

    /// Returns when the gateway's window has room for what waits. Cancel-safe.
    pub async fn permitted(&mut self) {
        self.permit.granted().await;
    }

    /// Sends what the windows allow, and the end once all was sent.
    pub async fn flush(&mut self, channel: &ClaimChannel) {
        let now = Instant::now();
        let (sent, resent) = (self.buffer.sent(), self.buffer.resent());
        while let Some(bytes) = self.buffer.next_bytes() {
            let Some(all_sent) = self.permit.try_take(bytes) else { break };
            let Some(mut chunk) = self.buffer.send(now, all_sent) else { break };
            if self.buffer.is_empty() && self.buffer.next_bytes().is_none() {
                self.end_with(&mut chunk);
            }
            channel.send(&chunk).await;
        }
        if self.buffer.next_bytes().is_none() {
            self.permit.release();
        }
        let metrics = channel.metrics();
        metrics.sent_bytes.inc_by(self.buffer.sent() - sent);
        metrics.resent_chunks.inc_by(self.buffer.resent() - resent);
        if !self.end_sent {
            self.finish(channel).await;
        }
    }

    /// The last chunk of a whole answer says that it is the last. What ends otherwise has a usage of its own.
    fn end_with(&mut self, chunk: &mut FromWorker) {
        if let Some(ended) = &self.ended
            && ended.conclusion.end == End::Complete
            && let FromWorker::Chunk { usage, conclusion, .. } = chunk
        {
            usage.clone_from(&ended.usage);
            *conclusion = Some(Box::new(ended.conclusion.clone()));
            self.end_sent = true;
        }
    }

    /// Says that there is no more, once all was sent; again and again until the gateway has settled.
    pub async fn finish(&mut self, channel: &ClaimChannel) {
        if let Some(Ended { conclusion, usage }) = &self.ended
            && self.buffer.is_empty()
        {
            let (conclusion, usage) = (Box::new(conclusion.clone()), usage.clone());
            let (chunks, sent) = (self.buffer.chunks(), self.buffer.sent());
            let claim = channel.claim;
            let finish = FromWorker::Finish { claim, chunks, sent, usage, conclusion };
            channel.send(&finish).await;
            self.end_sent = true;
        }
    }

    pub fn alive(&self, channel: &ClaimChannel) -> FromWorker {
        FromWorker::Alive {
            claim: channel.claim,
            sent: self.buffer.sent(),
            credit: self.buffer.newest_credit(),
            all_sent: channel.window().sent(),
        }
    }
}
