//! What a worker says to a request, and what the request makes of it.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    ClaimId, Usage, WorkerId,
    request::{Accepted, Assigned},
};
use uplion_log_transport::claim::{
    AttemptReport, Conclusion, FromGateway, FromWorker, Go, Head, ReleaseReason, UpstreamWords,
};

use super::{
    Admitted, Request, Stage,
    action::{Action, EndedClaim, LastReply},
    active_claim::ActiveClaim,
    received::{Finish, Fit},
    retries::ClaimAnswer,
    timers::millis,
};

/// Bytes of the body in one message; brokers let 1 MiB through.
const BODY_PART: usize = 512 << 10;

/// A part of an answer, as it came.
struct Chunk {
    number: u64,
    offset: u64,
    head: Option<Head>,
    usage: Usage,
    conclusion: Option<Box<Conclusion>>,
    bytes: Bytes,
}

/// Why a task comes back.
struct Released {
    reason: ReleaseReason,
    attempt: Option<Box<AttemptReport>>,
    words: Option<Box<UpstreamWords>>,
}

impl Request {
    pub fn on_message(&mut self, now: Instant, message: FromWorker) {
        match message {
            FromWorker::Claim { claim, worker, delivery: _, all_sent } => {
                self.on_claim(now, claim, worker, all_sent);
            }
            FromWorker::BodyRequest { claim, from } => self.on_body_request(now, claim, from),
            // Of no request, or of one whose gateway is gone: answered by the gateway itself.
            FromWorker::AreYouThere { .. } | FromWorker::Settle(_) => {}
            FromWorker::Alive { claim, sent, credit, all_sent } => {
                self.on_alive(now, claim, sent, (credit, all_sent));
            }
            FromWorker::Chunk {
                claim,
                number,
                offset,
                all_sent,
                head,
                usage,
                conclusion,
                bytes,
            } => {
                if let Some(active) = self.hear(now, claim) {
                    active.hear_sent(all_sent);
                    self.on_chunk(now, Chunk { number, offset, head, usage, conclusion, bytes });
                }
            }
            FromWorker::Release { claim, reason, delay_ms: _, attempt, words } => {
                self.on_release(now, claim, Released { reason, attempt, words });
            }
            FromWorker::Finish { claim, chunks: _, sent, usage, conclusion } => {
                if let Some(active) = self.hear(now, claim) {
                    active.answer.finish_with(Finish { sent, usage, conclusion });
                    self.ask_if_lacking(now, sent);
                    self.end_if_complete(now);
                }
            }
        }
    }

    /// The claim that holds `go`, if its worker is the one that speaks. Others are told again what they were told last.
    fn hear(&mut self, now: Instant, claim: ClaimId) -> Option<&mut ActiveClaim> {
        let holds = matches!(&self.stage, Stage::Claimed(active) if active.claim == claim);
        if !holds && let Some(ended) = self.attempts.ended(claim) {
            self.actions.push(Action::Send(ended.worker, ended.message()));
        }
        match &mut self.stage {
            Stage::Claimed(active) if holds => {
                active.hear(now);
                Some(active)
            }
            Stage::Waiting | Stage::Claimed(_) | Stage::Settling(_) | Stage::Over => None,
        }
    }

    fn on_claim(&mut self, now: Instant, claim: ClaimId, worker: WorkerId, all_sent: u64) {
        if self.attempts.ended(claim).is_some() {
            return;
        }
        match &mut self.stage {
            Stage::Waiting => {
                if let ClaimAnswer::Wait(delay) = self.retries.on_claim(now, worker) {
                    let delay_ms = millis(delay);
                    self.actions.push(Action::Send(worker, FromGateway::Wait { claim, delay_ms }));
                    return;
                }
                let share = self.receive_window.share(worker, all_sent);
                let window = self.first_window();
                self.assign(now, ActiveClaim::new((claim, worker), share, window, now));
            }
            Stage::Claimed(active) if active.claim == claim => {
                active.hear(now);
                self.send_go(now);
            }
            Stage::Claimed(_) => {
                let delay_ms = millis(self.timeouts.wait);
                self.actions.push(Action::Send(worker, FromGateway::Wait { claim, delay_ms }));
            }
            Stage::Settling(settling) if settling.is_claimed_by(claim) => {}
            Stage::Settling(_) | Stage::Over => {
                self.actions.push(Action::Send(worker, FromGateway::Drop { claim }));
            }
        }
    }

    fn assign(&mut self, now: Instant, active: ActiveClaim) {
        let ActiveClaim { claim, worker, .. } = active;
        let attempt = self.attempts.begin(worker);
        self.tried = self.retries.tried();
        self.retries.on_assigned(now);
        self.timers.on_assigned(now);
        self.stage = Stage::Claimed(Box::new(active));
        self.send_go(now);
        self.bound_writing();
        let Accepted { request, project, at, .. } = self.admitted.accepted;
        let at = self.timers.at(at, now);
        let assigned = Assigned { request, project, worker, claim, attempt, at };
        self.actions.push(Action::Assigned(assigned));
    }

    fn send_go(&mut self, now: Instant) {
        let Stage::Claimed(active) = &self.stage else { return };
        let Admitted { event, body, .. } = &self.admitted;
        let go = Go {
            claim: active.claim,
            left_ms: self.timers.left_ms(now),
            first_byte_ms: self.admitted.serving.first_byte.map(millis),
            between_chunks_ms: Some(millis(self.admitted.serving.between_chunks)),
            window: active.window(),
            connection_window: active.connection_window(),
            operation: self.admitted.accepted.operation.clone(),
            tried: self.tried.clone(),
            read: self.admitted.read.clone(),
            body_len: body.len() as u64,
            body: body.slice(..body.len().min(BODY_PART)),
            accepted: event.clone(),
            code: None,
        };
        self.actions.push(Action::Send(active.worker, FromGateway::Go(Box::new(go))));
    }

    fn on_body_request(&mut self, now: Instant, claim: ClaimId, from: u64) {
        let Some(worker) = self.hear(now, claim).map(|active| active.worker) else { return };
        let body = &self.admitted.body;
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(body.len());
        let end = start.saturating_add(BODY_PART).min(body.len());
        let bytes = body.slice(start..end);
        self.actions.push(Action::Send(worker, FromGateway::Body { claim, from, bytes }));
    }

    fn on_alive(
        &mut self,
        now: Instant,
        claim: ClaimId,
        sent: u64,
        (credit, all_sent): (u64, u64),
    ) {
        // While it is settled the worker goes on saying which credit it has seen: until when it cannot have
        // settled in this gateway's place.
        if let Stage::Settling(settling) = &mut self.stage
            && let Some(active) = settling.active_claim_mut()
            && active.claim == claim
        {
            active.hear_sent(all_sent);
            active.echo(credit);
            return;
        }
        if let Some(active) = self.hear(now, claim) {
            active.hear_sent(all_sent);
            active.echo(credit);
            self.bound_writing();
            self.ask_if_lacking(now, sent);
        }
    }

    fn on_chunk(&mut self, now: Instant, chunk: Chunk) {
        let Chunk { number, offset, head, usage, conclusion, bytes } = chunk;
        let len = bytes.len() as u64;
        // What goes out whole is held whole.
        let window =
            if self.is_upstream_error() { self.bounds.answer } else { self.largest_window() };
        let Stage::Claimed(active) = &mut self.stage else { return };
        if let Some(conclusion) = conclusion {
            let sent = offset.saturating_add(len);
            active.answer.finish_with(Finish { sent, usage: usage.clone(), conclusion });
        }
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
        self.timers.on_chunk(now);
        self.pass_on(now, bytes);
        self.credit_if_owed(now);
        self.end_if_complete(now);
    }

    /// The answer's bytes go to the client at once; but for its end, and for what goes out whole.
    fn pass_on(&mut self, now: Instant, mut bytes: Bytes) {
        let streams = self.streams();
        let Stage::Claimed(active) = &mut self.stage else { return };
        let answer = &mut active.answer;
        if !streams {
            answer.keep(bytes);
            return;
        }
        // An end that was none: something follows it.
        let early = answer.take_kept();
        if let Some(at) = self.admitted.endpoint.dialect().end_of_stream(&bytes) {
            answer.keep_end(bytes.split_off(at));
        }
        self.client.begin(now, answer.head().cloned(), &mut self.actions);
        self.client.write(now, early, &mut self.actions);
        self.client.write(now, bytes, &mut self.actions);
    }

    fn on_release(&mut self, now: Instant, claim: ClaimId, released: Released) {
        let Some(worker) = self.hear(now, claim).map(|active| active.worker) else { return };
        let ended = EndedClaim { claim, worker, last_reply: LastReply::Settled };
        self.actions.push(Action::Send(worker, ended.message()));
        self.attempts.end(ended);
        self.take_back(now, worker, released);
        if self.client.saw_answer() {
            return self.break_off(now);
        }
        self.wait_again(now);
    }

    fn take_back(&mut self, now: Instant, worker: WorkerId, released: Released) {
        let Released { reason, attempt, words } = released;
        let words = words.map(|words| *words);
        match reason {
            ReleaseReason::NoneLeft => {
                self.retries.on_none_left(now, worker, words, &self.admitted.serving.retries);
            }
            // Its places were taken while it was asked, or it stops: no upstream was.
            ReleaseReason::Busy if attempt.is_none() => {}
            ReleaseReason::Draining => {}
            ReleaseReason::Busy
            | ReleaseReason::UpstreamFailed
            | ReleaseReason::Unreachable
            | ReleaseReason::TimedOut
            | ReleaseReason::WorkerFailed => {
                self.retries.on_failed(now, reason, attempt.as_deref(), words);
            }
        }
        if let Some(report) = attempt {
            self.attempts.report(worker, *report);
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
        let (delivered, largest_window) = (self.creditable(), self.largest_window());
        if let Some(active) = self.active_claim_mut() {
            let (worker, credit) = (active.worker, active.credit(now, delivered, largest_window));
            self.actions.push(Action::Send(worker, credit));
        }
    }

    /// Nothing of an answer that goes out whole is delivered before it is settled. An upstream's error on a stream
    /// goes out whole too, and is let through the window as if it were written.
    fn creditable(&self) -> u64 {
        let Some(active) = self.active_claim() else { return 0 };
        if self.is_upstream_error() { active.answer.received() } else { active.answer.delivered() }
    }
}
