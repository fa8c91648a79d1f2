//! What time does to a request: deadline, silence, credit, headers, signs of life.

use std::time::Duration;

use tokio::time::Instant;
use uplion_domain::request::{Cancelled, Failure, Outcome};
use uplion_log_transport::claim::ReleaseReason;
use uplion_protocol::{Dialect, error::ApiError};

use super::{
    action::{Action, EndedClaim, LastReply},
    request::{Client, Request, Stage},
};

/// Ticks come at least once a second while a worker is at it. Who ticks this late stood still itself.
const PAUSED: Duration = Duration::from_millis(2500);

impl Request {
    /// When something happens by itself next.
    pub fn due(&self) -> Instant {
        let client = match self.client {
            Client::Waits if self.accepted.streamed => self.started + self.pace.headers,
            Client::SawHeaders | Client::SawAnswer => self.wrote + self.pace.keep_alive,
            Client::Waits | Client::Done => self.deadline,
        };
        match &self.stage {
            Stage::Waiting => self.deadline.min(client),
            Stage::Claimed(active) => self
                .deadline
                .min(client)
                .min(active.heard + self.pace.silence)
                .min(active.next_credit_at(self.pace.credit)),
            Stage::Settling(settling) => {
                let end = if settling.keeps_client_waiting() {
                    settling.late_at
                } else {
                    self.settle_until()
                };
                settling
                    .active_claim()
                    .map_or(end, |active| end.min(active.next_credit_at(self.pace.credit)))
            }
            Stage::Over => self.settle_until(),
        }
    }

    pub fn on_tick(&mut self, now: Instant) {
        let since = now - std::mem::replace(&mut self.ticked, now);
        match &mut self.stage {
            Stage::Waiting if self.deadline <= now => self.give_up(now),
            Stage::Waiting => self.keep_alive(now),
            Stage::Claimed(_) if self.deadline <= now => {
                self.stop(now, Outcome::Cancelled(Cancelled::Deadline), ApiError::Timeout);
            }
            Stage::Claimed(active) => {
                if since > PAUSED {
                    active.forgive(now, since);
                }
                if active.heard + self.pace.silence <= now {
                    self.replace_silent(now);
                } else {
                    self.credit_if_due(now);
                    self.keep_alive(now);
                }
            }
            Stage::Settling(settling) => {
                if settling.keeps_client_waiting() && settling.late_at <= now {
                    settling.forget_client();
                    self.tell_client(ApiError::Internal);
                }
                self.credit_if_due(now);
            }
            Stage::Over => {}
        }
    }

    fn credit_if_due(&mut self, now: Instant) {
        let active = match &self.stage {
            Stage::Claimed(active) => Some(&**active),
            Stage::Settling(settling) => settling.active_claim(),
            Stage::Waiting | Stage::Over => None,
        };
        if active.is_some_and(|active| active.next_credit_at(self.pace.credit) <= now) {
            self.send_credit(now);
        }
    }

    fn keep_alive(&mut self, now: Instant) {
        match self.client {
            Client::Waits if self.accepted.streamed && self.started + self.pace.headers <= now => {
                self.begin(now, None);
            }
            Client::SawHeaders | Client::SawAnswer if self.wrote + self.pace.keep_alive <= now => {
                self.wrote = now;
            }
            Client::Waits | Client::SawHeaders | Client::SawAnswer | Client::Done => return,
        }
        self.actions.push(Action::WriteOwn(Dialect::OpenAi.keep_alive().into()));
    }

    fn replace_silent(&mut self, now: Instant) {
        let Stage::Claimed(active) = &self.stage else { return };
        self.silent += 1;
        if self.client == Client::SawAnswer || self.silent >= self.pace.silent_claims {
            let reason = "its worker fell silent".to_owned();
            let outcome = Outcome::Failed(Failure::WorkerSilent);
            return self.stop(now, outcome, ApiError::UpstreamFailed { reason });
        }
        let ended =
            EndedClaim { claim: active.claim, worker: active.worker, last_reply: LastReply::Drop };
        self.actions.push(Action::Send(ended.worker, ended.message()));
        self.remember_ended(ended);
        // Whoever is told to drop also takes the ticket away, and the silent one may hear it yet.
        self.actions.push(Action::Offer);
        self.wait_again(now);
    }

    /// The deadline has come and nobody is at it: what the workers said last is why.
    fn give_up(&mut self, now: Instant) {
        let (outcome, error) = match self.trouble {
            None | Some(ReleaseReason::Draining) => {
                (Outcome::Cancelled(Cancelled::Deadline), ApiError::Timeout)
            }
            Some(ReleaseReason::Busy) => {
                let retry_after_s = self.pace.retry_after.as_secs();
                let model = self.accepted.model.to_string();
                let error = ApiError::QueueFull { model, retry_after_s };
                (Outcome::Failed(Failure::UpstreamFailed), error)
            }
            Some(ReleaseReason::UpstreamFailed) => {
                let reason = "it answered with an error".to_owned();
                let error = ApiError::UpstreamFailed { reason };
                (Outcome::Failed(Failure::UpstreamFailed), error)
            }
            Some(ReleaseReason::Unreachable | ReleaseReason::WorkerFailed) => {
                let reason = "it cannot be reached".to_owned();
                let error = ApiError::UpstreamFailed { reason };
                (Outcome::Failed(Failure::UpstreamUnreachable), error)
            }
        };
        self.stop(now, outcome, error);
    }
}
