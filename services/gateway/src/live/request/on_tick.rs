//! What time does to a request: deadline, silence, credit, headers, signs of life.

use tokio::time::Instant;
use uplion_domain::request::{AttemptOutcome, Cancelled, Failure, Outcome};
use uplion_protocol::error::ApiError;

use super::{
    Request, Stage,
    action::{Action, EndedClaim, LastReply},
};

impl Request {
    /// When something happens by itself next.
    pub fn due(&self) -> Instant {
        let (deadline, every) = (self.timers.deadline(), self.timeouts.credit);
        let client = self.client.due(&self.timeouts).unwrap_or(deadline);
        match &self.stage {
            Stage::Waiting => {
                let retries = self.retries.due(&self.admitted.serving.retries);
                deadline.min(client).min(retries.unwrap_or(deadline))
            }
            Stage::Claimed(active) => deadline
                .min(client)
                .min(active.silent_at(self.timeouts.silence))
                .min(active.next_credit_at(every)),
            Stage::Settling(settling) => {
                let end = settling.late_at().unwrap_or_else(|| self.timers.look_again_at());
                let active = settling.active_claim().filter(|_| self.has_credit());
                active.map_or(end, |active| end.min(active.next_credit_at(every)))
            }
            Stage::Over => self.settle_until(),
        }
    }

    pub fn on_tick(&mut self, now: Instant) {
        let paused = self.timers.on_tick(now);
        let late = self.timers.deadline() <= now;
        match &mut self.stage {
            Stage::Waiting if late => self.expire(now),
            Stage::Waiting => {
                self.give_up_if_over(now);
                self.keep_client(now);
            }
            Stage::Claimed(_) if late => {
                let error = self.deadline_exceeded();
                self.stop(now, Outcome::Cancelled(Cancelled::Deadline), error);
            }
            Stage::Claimed(active) => {
                if let Some(pause) = paused {
                    active.forgive(now, pause);
                }
                if active.silent_at(self.timeouts.silence) <= now {
                    self.replace_silent(now);
                } else {
                    self.credit_if_due(now);
                    self.keep_client(now);
                }
            }
            Stage::Settling(settling) => {
                if settling.late_at().is_some_and(|late_at| late_at <= now) {
                    self.refuse_unrecorded(now);
                }
                self.credit_if_due(now);
            }
            Stage::Over => {}
        }
    }

    const fn deadline_exceeded(&self) -> ApiError {
        ApiError::DeadlineExceeded { after_s: self.admitted.serving.deadline.as_secs() }
    }

    fn keep_client(&mut self, now: Instant) {
        self.client.keep_alive(now, &self.timeouts, &mut self.actions);
    }

    fn credit_if_due(&mut self, now: Instant) {
        let every = self.timeouts.credit;
        if self.has_credit()
            && self.active_claim().is_some_and(|active| active.next_credit_at(every) <= now)
        {
            self.send_credit(now);
        }
    }

    /// Later its worker has given up, whatever it hears.
    fn has_credit(&self) -> bool {
        self.timers.ticked() <= self.settle_until()
    }

    fn replace_silent(&mut self, now: Instant) {
        let Stage::Claimed(active) = &self.stage else { return };
        let ended =
            EndedClaim { claim: active.claim, worker: active.worker, last_reply: LastReply::Drop };
        if self.attempts.count_silent() >= self.timeouts.silent_claims || self.client.saw_answer() {
            let reason = "its worker fell silent".to_owned();
            let outcome = Outcome::Failed(Failure::WorkerSilent);
            return self.stop(now, outcome, ApiError::UpstreamFailed { reason });
        }
        self.attempts.report_unsaid(ended.worker, AttemptOutcome::UNKNOWN);
        self.actions.push(Action::Send(ended.worker, ended.message()));
        self.attempts.end(ended);
        // Whoever is told to drop also takes the ticket away, and the silent one may hear it yet.
        self.actions.push(Action::Offer);
        self.wait_again(now);
    }

    /// The deadline has come and nobody is at it.
    fn expire(&mut self, now: Instant) {
        if self.retries.trouble().is_some() {
            return self.give_up(now);
        }
        let error = self.deadline_exceeded();
        self.stop(now, Outcome::Cancelled(Cancelled::Deadline), error);
    }
}
