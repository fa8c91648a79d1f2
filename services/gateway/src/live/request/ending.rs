//! How a request ends: one settlement, and the client's end of the answer only once it is on the log.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    Usage,
    request::{AttemptOutcome, Cancelled, Failure, Outcome, Settled, Settlement, Writer},
};
use uplion_log_transport::claim::{AttemptReport, Conclusion, End, Head};
use uplion_protocol::error::{ApiError, Silence};

use super::{
    Request, Stage,
    action::{Action, Correction, EndedClaim, LastReply, WholeAnswer},
    active_claim::ActiveClaim,
    client::ClientEnd,
    last_words::error_event,
    received::Finish,
    settling::{SettleResult, Settling, Writing},
};

const DEFAULT_TYPE: &str = "application/json";
const BAD_GATEWAY: u16 = 502;

impl Request {
    /// Ends the request if its worker said so and all of its answer is here and written.
    pub(super) fn end_if_complete(&mut self, now: Instant) {
        let streams = self.streams();
        let Stage::Claimed(active) = &mut self.stage else { return };
        let Some(Finish { sent, usage, conclusion }) = active.answer.complete() else { return };
        let Conclusion { end, attempt, error } = *conclusion;
        if end == End::Complete
            && streams
            && sent == active.answer.received()
            && !active.answer.is_written()
        {
            return;
        }
        if let Some(report) = attempt {
            self.attempts.report(active.worker, report);
        }
        let head = active.answer.head().cloned();
        let status = head.as_ref().map_or(200, |head| head.status);
        match end {
            _ if sent != active.answer.received() => self.break_off(now),
            End::Complete if streams => {
                let end = ClientEnd::End(active.answer.take_kept());
                self.client.begin(now, head, &mut self.actions);
                self.settle(now, Outcome::Completed, usage, end);
            }
            End::Complete if (200..300).contains(&status) => {
                let end = whole(active, head, status);
                self.settle(now, Outcome::Completed, usage, end);
            }
            End::Complete => self.reject_as_upstream(now, head, status),
            End::Rejected { status } => self.reject_as_upstream(now, head, status),
            End::Broken => match error {
                Some(error) => self.break_off_as_upstream(now, error),
                None => self.break_off(now),
            },
            End::Silent => {
                let after_s = self.admitted.serving.between_chunks.as_secs();
                let silence = Silence::BetweenChunks;
                let error = ApiError::UpstreamSilent { silence, after_s };
                self.fail(now, Failure::UpstreamSilent, error);
            }
            End::TooLarge => {
                let reason = "its answer is longer than this installation allows".to_owned();
                let failure = Failure::AnswerTooLarge;
                self.fail(now, failure, ApiError::UpstreamFailed { reason });
            }
        }
    }

    pub(super) fn break_off(&mut self, now: Instant) {
        let reason = "it broke off its answer".to_owned();
        self.fail(now, Failure::UpstreamFailed, ApiError::UpstreamFailed { reason });
    }

    /// In the middle of its answer the upstream said why there is no more.
    fn break_off_as_upstream(&mut self, now: Instant, error: Bytes) {
        let content_type = DEFAULT_TYPE.to_owned();
        let head = Head { status: BAD_GATEWAY, content_type, retry_after_s: None };
        let answer = WholeAnswer { head, body: error, should_retry: Some(true) };
        self.client.fail_as_upstream(answer, &mut self.actions);
        let outcome = Outcome::Failed(Failure::UpstreamFailed);
        self.settle(now, outcome, Usage::default(), ClientEnd::Nothing);
    }

    /// The upstream's own words to the client, once they are on the log as what happened.
    fn reject_as_upstream(&mut self, now: Instant, head: Option<Head>, status: u16) {
        let Stage::Claimed(active) = &mut self.stage else { return };
        let outcome = Outcome::Failed(Failure::UpstreamRejected { status });
        let end = if self.client.is_done() {
            ClientEnd::Nothing
        } else if self.client.saw_nothing() {
            whole(active, head, status)
        } else {
            let dialect = self.admitted.endpoint.dialect();
            ClientEnd::End(error_event(dialect, &active.answer.take_kept(), status))
        };
        self.settle(now, outcome, Usage::default(), end);
    }

    /// The worker has ended it, without an answer: the client hears at once, the worker when it is settled.
    fn fail(&mut self, now: Instant, failure: Failure, error: ApiError) {
        self.client.fail(error, &mut self.actions);
        self.settle(now, Outcome::Failed(failure), Usage::default(), ClientEnd::Nothing);
    }

    /// Ends the request from here: nobody needs its worker any more.
    pub(super) fn stop(&mut self, now: Instant, outcome: Outcome, error: ApiError) {
        let mut delivered = Usage::default();
        if let Stage::Claimed(active) = &self.stage {
            delivered = active.answer.delivered_usage().clone();
            let (claim, worker) = (active.claim, active.worker);
            let report = active.answer.report().cloned();
            self.attempts.report(worker, report.unwrap_or_else(|| unsaid(&outcome)));
            let ended = EndedClaim { claim, worker, last_reply: LastReply::Drop };
            self.actions.push(Action::Send(worker, ended.message()));
            self.attempts.end(ended);
            self.stage = Stage::Waiting;
        }
        self.client.fail(error, &mut self.actions);
        self.settle(now, outcome, delivered, ClientEnd::Nothing);
    }

    pub(super) fn settle(
        &mut self,
        now: Instant,
        outcome: Outcome,
        delivered: Usage,
        end: ClientEnd,
    ) {
        self.admitted.body = Bytes::new();
        let charged = outcome == Outcome::Completed;
        let settled = self.settlement(now, outcome, delivered);
        let reversal = charged.then(|| Box::new(settled.reverse(settled.at)));
        let active = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Claimed(active) => Some(active),
            Stage::Waiting | Stage::Settling(_) | Stage::Over => None,
        };
        let late_at = now + self.timeouts.settle_ack;
        self.stage = Stage::Settling(Box::new(Settling::new(active, end, late_at, reversal)));
        self.actions.push(Action::Settle(Box::new(settled)));
    }

    fn settlement(&self, now: Instant, outcome: Outcome, delivered: Usage) -> Settled {
        let accepted = &self.admitted.accepted;
        accepted.settle(Settlement {
            outcome,
            delivered,
            service_tier: self.attempts.service_tier().cloned(),
            timings: self.timers.until_now(now),
            worker: self.attempts.worker(),
            attempts: self.attempts.reports(),
            writer: Writer::Gateway(accepted.gateway),
            at: self.timers.at(accepted.at, now),
        })
    }

    /// What was to be written is on the log, or it is too late to write it.
    pub fn on_settled(&mut self, now: Instant, result: SettleResult) {
        let Stage::Settling(settling) = &self.stage else { return };
        match (settling.writing(), result) {
            (Writing::Settlement, SettleResult::Acknowledged)
                if self.is_believed(now, settling) =>
            {
                self.end_client();
                self.forget(LastReply::Settled);
            }
            (Writing::Settlement, SettleResult::Acknowledged) if settling.is_refusable() => {
                self.refuse(now, Writing::Reversal);
                self.client.fail(ApiError::Internal, &mut self.actions);
                self.reverse(now);
            }
            (Writing::Settlement, SettleResult::Expired) if settling.is_refusable() => {
                self.refuse_unrecorded(now);
            }
            (Writing::Settlement, SettleResult::Acknowledged) => {
                self.client.fail(ApiError::Internal, &mut self.actions);
                self.forget(LastReply::Settled);
            }
            (Writing::Settlement, SettleResult::Expired) => {
                self.client.fail(ApiError::Internal, &mut self.actions);
                self.forget(LastReply::Drop);
            }
            (Writing::Refusal, SettleResult::Acknowledged) => self.reverse(now),
            (Writing::Reversal, SettleResult::Acknowledged) => self.forget(LastReply::Settled),
            // Corrections have no time after which they are given up.
            (Writing::Refusal | Writing::Reversal, SettleResult::Expired) => {}
        }
    }

    fn end_client(&mut self) {
        if let Stage::Settling(settling) = &mut self.stage {
            let end = settling.take_client_end();
            self.client.finish(end, &mut self.actions);
        }
    }

    /// The worker is told, and the request is over.
    fn forget(&mut self, last_reply: LastReply) {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Settling(settling) = stage else { return };
        let ended = settling.into_active().map(|active| {
            let ended = EndedClaim { claim: active.claim, worker: active.worker, last_reply };
            self.actions.push(Action::Send(ended.worker, ended.message()));
            ended
        });
        self.actions.push(Action::Forget(ended.or_else(|| self.attempts.last_ended())));
    }

    /// The log has not acknowledged in time what the client waits for.
    pub(super) fn refuse_unrecorded(&mut self, now: Instant) {
        let Stage::Settling(settling) = &mut self.stage else { return };
        if !settling.is_refusable() {
            settling.forget_client();
            return self.client.fail(ApiError::Internal, &mut self.actions);
        }
        self.refuse(now, Writing::Refusal);
        self.client.fail(ApiError::Internal, &mut self.actions);
        self.correct(now, Outcome::Failed(Failure::Unrecorded));
    }

    /// Its client left before anything of a whole answer was written.
    pub(super) fn refuse_gone(&mut self, now: Instant) {
        self.refuse(now, Writing::Refusal);
        self.correct(now, Outcome::Cancelled(Cancelled::ClientGone));
    }

    /// The worker is told before the client: whoever of the two is left knows that the client got no answer.
    fn refuse(&mut self, now: Instant, writing: Writing) {
        if let Stage::Settling(settling) = &mut self.stage {
            settling.refuse(writing);
        }
        self.send_credit(now);
    }

    fn correct(&mut self, now: Instant, outcome: Outcome) {
        let told = self.settlement(now, outcome, Usage::default());
        self.actions.push(Action::Correct(Correction::Settled(Box::new(told))));
    }

    fn reverse(&mut self, now: Instant) {
        let at = self.timers.at(self.admitted.accepted.at, now);
        let Stage::Settling(settling) = &mut self.stage else { return };
        match settling.reversal(at) {
            Some(reversal) => self.actions.push(Action::Correct(reversal)),
            None => self.forget(LastReply::Settled),
        }
    }

    /// Whether nobody else can have settled before what was acknowledged until now: neither its worker, which has
    /// another gateway settle once it missed credits for long enough, nor the sweeper. Of two settlements the first on
    /// the log is effective, and a client that gets an answer's end must be charged by ours.
    fn is_believed(&self, now: Instant, settling: &Settling) -> bool {
        let lease = self.timeouts.write_lease;
        now <= self.settle_until()
            && settling.active_claim().is_none_or(|active| now <= active.echoed_at() + lease)
    }
}

/// Of an attempt that is ended from here, nobody says what it used; of one whose worker vanished, not even how it went.
fn unsaid(outcome: &Outcome) -> AttemptReport {
    let outcome = match outcome {
        Outcome::Failed(Failure::WorkerSilent) => AttemptOutcome::UNKNOWN,
        Outcome::Completed | Outcome::Cancelled(_) | Outcome::Failed(_) => {
            AttemptOutcome::CANCELLED
        }
    };
    AttemptReport::new(None, outcome)
}

fn whole(active: &mut ActiveClaim, head: Option<Head>, status: u16) -> ClientEnd {
    let content_type = DEFAULT_TYPE.to_owned();
    let head = head.unwrap_or(Head { status, content_type, retry_after_s: None });
    let head = Head { status, ..head };
    let body = active.answer.take_kept();
    ClientEnd::Respond(WholeAnswer { head, body, should_retry: None })
}
