//! What a worker says to a request, and what the request makes of it.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    ClaimId, Usage, WorkerId,
    request::{Accepted, Assigned},
};
use uplion_log_transport::claim::{FromGateway, FromWorker, Go, Head, ReleaseReason};

use super::{
    action::{Action, EndedClaim, LastReply},
    active_claim::ActiveClaim,
    received::{Finish, Fit, end_of_stream},
    request::{Client, Request, Stage, micros, millis},
};

/// Bytes of the body in one message; brokers let 1 MiB through.
const BODY_PART: usize = 512 << 10;
const EVENT_STREAM: &str = "text/event-stream";

impl Request {
    pub fn on_message(&mut self, now: Instant, message: FromWorker) {
        match message {
            FromWorker::Claim { claim, worker, delivery: _, all_sent } => {
                self.on_claim(now, claim, worker, all_sent);
            }
            FromWorker::BodyRequest { claim, from } => self.on_body_request(now, claim, from),
            FromWorker::Alive { claim, sent, credit, all_sent } => {
                if let Some(active) = self.hear(now, claim) {
                    active.share.hear(all_sent);
                    active.echo(credit);
                    self.permit();
                    self.ask_if_lacking(now, sent);
                }
            }
            FromWorker::Chunk { claim, number, offset, all_sent, head, usage, end, bytes } => {
                if let Some(active) = self.hear(now, claim) {
                    active.share.hear(all_sent);
                    if let Some(end) = end {
                        let sent = offset.saturating_add(bytes.len() as u64);
                        active.answer.finish_with(Finish { sent, usage, end });
                    }
                    self.on_chunk(now, (number, offset), head, usage, bytes);
                }
            }
            FromWorker::Release { claim, reason, delay_ms: _ } => {
                self.on_release(now, claim, reason);
            }
            FromWorker::Finish { claim, chunks: _, sent, usage, end } => {
                if let Some(active) = self.hear(now, claim) {
                    active.answer.finish_with(Finish { sent, usage, end });
                    self.ask_if_lacking(now, sent);
                    self.end_if_complete(now);
                }
            }
        }
    }

    /// The claim that holds `go`, if it is the one that speaks. Others are told again what they were told last.
    fn hear(&mut self, now: Instant, claim: ClaimId) -> Option<&mut ActiveClaim> {
        if let Stage::Claimed(active) = &mut self.stage
            && active.claim == claim
        {
            active.heard = now;
        } else {
            if let Some(past) = self.ended_claims.iter().find(|past| past.claim == claim) {
                self.actions.push(Action::Send(past.worker, past.message()));
            }
            return None;
        }
        match &mut self.stage {
            Stage::Claimed(active) => Some(active),
            Stage::Waiting | Stage::Settling(_) | Stage::Over => None,
        }
    }

    fn on_claim(&mut self, now: Instant, claim: ClaimId, worker: WorkerId, all_sent: u64) {
        if self.ended_claims.iter().any(|past| past.claim == claim) {
            return;
        }
        match &mut self.stage {
            Stage::Waiting => {
                let share = self.receive_window.share(worker, all_sent);
                let window = self.first_window();
                self.give(now, ActiveClaim::new((claim, worker), share, window, now));
            }
            Stage::Claimed(active) if active.claim == claim => {
                active.heard = now;
                self.send_go(now);
            }
            Stage::Claimed(_) => {
                let delay_ms = millis(self.pace.wait);
                self.actions.push(Action::Send(worker, FromGateway::Wait { claim, delay_ms }));
            }
            Stage::Settling(settling) if settling.is_held_by(claim) => {}
            Stage::Settling(_) | Stage::Over => {
                self.actions.push(Action::Send(worker, FromGateway::Drop { claim }));
            }
        }
    }

    fn give(&mut self, now: Instant, active: ActiveClaim) {
        let ActiveClaim { claim, worker, .. } = active;
        self.attempts += 1;
        self.ticked = now;
        self.worker = Some(worker);
        self.timings.assigned.get_or_insert(micros(now - self.started));
        self.stage = Stage::Claimed(Box::new(active));
        self.send_go(now);
        self.permit();
        let Accepted { request, project, .. } = self.accepted;
        let (attempt, at) = (self.attempts, self.at(now));
        let assigned = Assigned { request, project, worker, claim, attempt, at };
        self.actions.push(Action::Assigned(assigned));
    }

    fn send_go(&mut self, now: Instant) {
        let Stage::Claimed(active) = &self.stage else { return };
        let (worker, window, connection_window) =
            (active.worker, active.window(), active.share.connection_window());
        let go = Go {
            claim: active.claim,
            left_ms: millis(self.deadline.saturating_duration_since(now)),
            window,
            connection_window,
            body_len: self.body.len() as u64,
            body: self.body.slice(..self.body.len().min(BODY_PART)),
            accepted: self.event.clone(),
        };
        self.actions.push(Action::Send(worker, FromGateway::Go(Box::new(go))));
    }

    fn on_body_request(&mut self, now: Instant, claim: ClaimId, from: u64) {
        let Some(worker) = self.hear(now, claim).map(|active| active.worker) else { return };
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(self.body.len());
        let end = start.saturating_add(BODY_PART).min(self.body.len());
        let bytes = self.body.slice(start..end);
        self.actions.push(Action::Send(worker, FromGateway::Body { claim, from, bytes }));
    }

    fn on_chunk(
        &mut self,
        now: Instant,
        (number, offset): (u64, u64),
        head: Option<Head>,
        usage: Usage,
        bytes: Bytes,
    ) {
        // What goes out whole is held whole.
        let window = if self.is_upstream_error() { self.bounds.answer } else { self.window() };
        let len = bytes.len() as u64;
        let Stage::Claimed(active) = &mut self.stage else { return };
        match active.answer.fit(number, offset) {
            Fit::Next if active.answer.buffered() + len > window => return,
            Fit::Next => active.answer.take(head, usage, len),
            Fit::Repeated => return,
            Fit::Ahead => {
                if active.notice_gap() {
                    self.send_credit(now);
                }
                return;
            }
        }
        self.timings.first_chunk.get_or_insert(micros(now - self.started));
        self.pass_on(now, bytes);
        self.credit_if_owed(now);
        self.end_if_complete(now);
    }

    /// The answer's bytes go to the client at once; but for its end, and for what goes out whole.
    fn pass_on(&mut self, now: Instant, mut bytes: Bytes) {
        let streams = self.streams();
        let Stage::Claimed(active) = &mut self.stage else { return };
        if !streams {
            active.answer.keep(bytes);
            return;
        }
        // An end that was none: something follows it.
        let early = active.answer.take_kept();
        let end = end_of_stream(&bytes).map(|end| bytes.split_off(end));
        if let Some(end) = end {
            active.answer.mark_before_kept(end.len() as u64);
            active.answer.keep(end);
        }
        let head = active.answer.head().cloned();
        self.begin(now, head);
        for part in [early, bytes].into_iter().filter(|part| !part.is_empty()) {
            self.client = Client::SawAnswer;
            self.wrote = now;
            self.actions.push(Action::WriteAnswer(part));
        }
    }

    pub(super) fn begin(&mut self, now: Instant, head: Option<Head>) {
        match self.client {
            Client::Waits => {
                let head = head
                    .unwrap_or_else(|| Head { status: 200, content_type: EVENT_STREAM.to_owned() });
                self.client = Client::SawHeaders;
                self.wrote = now;
                self.actions.push(Action::Begin(head));
            }
            Client::SawHeaders | Client::SawAnswer | Client::Done => {}
        }
    }

    fn on_release(&mut self, now: Instant, claim: ClaimId, reason: ReleaseReason) {
        let Some(active) = self.hear(now, claim) else { return };
        let ended = EndedClaim { claim, worker: active.worker, last_reply: LastReply::Settled };
        self.actions.push(Action::Send(ended.worker, ended.message()));
        self.remember_ended(ended);
        if self.client == Client::SawAnswer {
            return self.break_off(now);
        }
        self.remember(reason);
        self.wait_again(now);
    }

    /// The reason that says most about why nobody could serve.
    fn remember(&mut self, reason: ReleaseReason) {
        match reason {
            ReleaseReason::Busy => {
                self.trouble.get_or_insert(reason);
            }
            ReleaseReason::UpstreamFailed
            | ReleaseReason::Unreachable
            | ReleaseReason::WorkerFailed => self.trouble = Some(reason),
            ReleaseReason::Draining => {}
        }
    }

    /// Chunks that got lost are asked for by a credit that stops before them.
    fn ask_if_lacking(&mut self, now: Instant, sent: u64) {
        if let Stage::Claimed(active) = &mut self.stage
            && active.answer.lacks(sent)
            && active.notice_gap()
        {
            self.send_credit(now);
        }
    }

    pub(super) fn credit_if_owed(&mut self, now: Instant) {
        let delivered = self.creditable();
        if let Stage::Claimed(active) = &self.stage
            && active.owes_credit(delivered)
        {
            self.send_credit(now);
        }
    }

    pub(super) fn send_credit(&mut self, now: Instant) {
        let (delivered, most_ahead) = (self.creditable(), self.window());
        let active = match &mut self.stage {
            Stage::Claimed(active) => active,
            Stage::Settling(settling) => match settling.active_claim_mut() {
                Some(active) => active,
                None => return,
            },
            Stage::Waiting | Stage::Over => return,
        };
        let credit = active.credit(now, delivered, most_ahead);
        self.actions.push(Action::Send(active.worker, credit));
    }

    /// Nothing of an answer that goes out whole is delivered before it is settled. An upstream's complaint on a stream
    /// goes out whole too, and is let through the window as if it were written.
    fn creditable(&self) -> u64 {
        let active = match &self.stage {
            Stage::Claimed(active) => active,
            Stage::Settling(settling) => match settling.active_claim() {
                Some(active) => active,
                None => return 0,
            },
            Stage::Waiting | Stage::Over => return 0,
        };
        if self.is_upstream_error() { active.answer.received() } else { active.answer.delivered() }
    }
}
