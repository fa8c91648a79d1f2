//! How a request ends: one settlement, and the client's end of the answer only once it is on the log.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    ClaimId, Usage,
    request::{Failure, Outcome, Writer},
};
use uplion_log_transport::claim::{End, Head};
use uplion_protocol::{Dialect, error::ApiError};

use super::{
    action::{Action, EndedClaim, LastReply, WholeAnswer},
    active_claim::ActiveClaim,
    received::Finish,
    request::{Client, Request, Stage, micros},
};

const DEFAULT_TYPE: &str = "application/json";

/// The settlement is under way.
pub struct Settling {
    /// The worker that waits to be told; it needs credit until then.
    active: Option<Box<ActiveClaim>>,
    client_end: ClientEnd,
    pub(super) late_at: Instant,
}

/// What the client gets once the settlement is on the log.
enum ClientEnd {
    Respond(WholeAnswer),
    End(Bytes),
    /// It got all that it will get.
    Nothing,
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleResult {
    /// It is on the log as this gateway wrote it.
    Ours,
    /// Somebody else settled before.
    Theirs,
    /// It could not be written in time; the sweeper will settle.
    GivenUp,
}

impl Settling {
    pub(super) fn active_claim(&self) -> Option<&ActiveClaim> {
        self.active.as_deref()
    }

    pub(super) fn active_claim_mut(&mut self) -> Option<&mut ActiveClaim> {
        self.active.as_deref_mut()
    }

    pub(super) fn is_held_by(&self, claim: ClaimId) -> bool {
        self.active_claim().is_some_and(|active| active.claim == claim)
    }

    pub(super) fn forget_client(&mut self) {
        self.client_end = ClientEnd::Nothing;
    }

    pub(super) fn keeps_client_waiting(&self) -> bool {
        !matches!(self.client_end, ClientEnd::Nothing)
    }

    pub(super) fn buffered(&self) -> u64 {
        match &self.client_end {
            ClientEnd::Respond(whole) => whole.body.len() as u64,
            ClientEnd::End(end) => end.len() as u64,
            ClientEnd::Nothing => 0,
        }
    }
}

impl Request {
    /// Ends the request if its worker said so and all of its answer is here and written.
    pub(super) fn end_if_complete(&mut self, now: Instant) {
        let streams = self.streams();
        let Stage::Claimed(active) = &mut self.stage else { return };
        let Some(Finish { sent, usage, end }) = active.answer.complete() else { return };
        let head = active.answer.head().cloned();
        let status = head.as_ref().map_or(200, |head| head.status);
        match end {
            _ if sent != active.answer.received() => self.break_off(now),
            End::Complete if streams && !active.answer.is_written() => {}
            End::Complete if streams => {
                let client_end = ClientEnd::End(active.answer.take_kept());
                self.begin(now, head);
                self.settle(now, Outcome::Completed, usage, client_end);
            }
            End::Complete if (200..300).contains(&status) => {
                let client_end = respond(active, head, status);
                self.settle(now, Outcome::Completed, usage, client_end);
            }
            End::Complete => self.reject_as_upstream(now, head, status),
            End::Rejected { status } => self.reject_as_upstream(now, head, status),
            End::Broken => self.break_off(now),
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

    /// The upstream's own words to the client, once they are on the log as what happened.
    fn reject_as_upstream(&mut self, now: Instant, head: Option<Head>, status: u16) {
        let Stage::Claimed(active) = &mut self.stage else { return };
        let outcome = Outcome::Failed(Failure::UpstreamRejected { status });
        let client_end = match self.client {
            Client::Waits => respond(active, head, status),
            Client::SawHeaders | Client::SawAnswer => {
                ClientEnd::End(error_event(&active.answer.take_kept(), status))
            }
            Client::Done => ClientEnd::Nothing,
        };
        self.settle(now, outcome, Usage::default(), client_end);
    }

    /// The worker has ended it, without an answer: the client hears at once, the worker when it is settled.
    fn fail(&mut self, now: Instant, failure: Failure, error: ApiError) {
        self.tell_client(error);
        self.settle(now, Outcome::Failed(failure), Usage::default(), ClientEnd::Nothing);
    }

    /// Ends the request from here: nobody needs its worker any more.
    pub(super) fn stop(&mut self, now: Instant, outcome: Outcome, error: ApiError) {
        let mut delivered = Usage::default();
        if let Stage::Claimed(active) = &self.stage {
            delivered = active.answer.delivered_usage();
            let ended = EndedClaim {
                claim: active.claim,
                worker: active.worker,
                last_reply: LastReply::Drop,
            };
            self.actions.push(Action::Send(ended.worker, ended.message()));
            self.remember_ended(ended);
            self.stage = Stage::Waiting;
        }
        self.tell_client(error);
        self.settle(now, outcome, delivered, ClientEnd::Nothing);
    }

    fn settle(&mut self, now: Instant, outcome: Outcome, delivered: Usage, client_end: ClientEnd) {
        self.body = Bytes::new();
        self.timings.total = micros(now - self.started);
        let (timings, worker, at) = (self.timings, self.worker, self.at(now));
        let writer = Writer::Gateway(self.accepted.gateway);
        let settled = self.accepted.settle(outcome, delivered, timings, worker, writer, at);
        let active = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Claimed(active) => Some(active),
            Stage::Waiting | Stage::Settling(_) | Stage::Over => None,
        };
        let late_at = now + self.pace.settle_ack;
        self.stage = Stage::Settling(Box::new(Settling { active, client_end, late_at }));
        self.actions.push(Action::Settle(Box::new(settled)));
    }

    pub fn on_settled(&mut self, result: SettleResult) {
        let Stage::Settling(settling) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return;
        };
        let Settling { active, client_end, late_at: _ } = *settling;
        let last_reply = match result {
            SettleResult::Ours => {
                self.finish_client(client_end);
                LastReply::Settled
            }
            SettleResult::Theirs => {
                self.tell_client(ApiError::Internal);
                LastReply::Settled
            }
            SettleResult::GivenUp => {
                self.tell_client(ApiError::Internal);
                LastReply::Drop
            }
        };
        let ended = active.map(|active| {
            let ended = EndedClaim { claim: active.claim, worker: active.worker, last_reply };
            self.actions.push(Action::Send(ended.worker, ended.message()));
            ended
        });
        self.actions.push(Action::Forget(ended.or_else(|| self.ended_claims.back().copied())));
    }

    fn finish_client(&mut self, client_end: ClientEnd) {
        if self.client == Client::Done {
            return;
        }
        match client_end {
            ClientEnd::Respond(whole) => self.actions.push(Action::Respond(whole)),
            ClientEnd::End(end) => {
                // What is on the log as ours contradicts nobody, however late it is written.
                self.actions.push(Action::WriteUntil(None));
                if !end.is_empty() {
                    self.actions.push(Action::WriteOwn(end));
                }
                self.actions.push(Action::End);
            }
            ClientEnd::Nothing => return,
        }
        self.client = Client::Done;
    }

    /// The client's last last_reply, if it has not had one.
    pub(super) fn tell_client(&mut self, error: ApiError) {
        match self.client {
            Client::Waits => self.actions.push(Action::Reject(error)),
            Client::SawHeaders | Client::SawAnswer => {
                self.actions
                    .extend([Action::WriteOwn(Dialect::OpenAi.error_event(&error)), Action::End]);
            }
            Client::Done => {}
        }
        self.client = Client::Done;
    }
}

fn respond(active: &mut ActiveClaim, head: Option<Head>, status: u16) -> ClientEnd {
    let content_type = head.map_or_else(|| DEFAULT_TYPE.to_owned(), |head| head.content_type);
    let head = Head { status, content_type };
    ClientEnd::Respond(WholeAnswer { head, body: active.answer.take_kept() })
}

/// An upstream's error body as an event, for a client whose stream has begun.
fn error_event(body: &[u8], status: u16) -> Bytes {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(json) if json.is_object() => {
            Dialect::OpenAi.upstream_error_event(json.to_string().as_bytes())
        }
        Ok(_) | Err(_) => {
            let reason = format!("it rejected the request with status {status}");
            Dialect::OpenAi.error_event(&ApiError::UpstreamFailed { reason })
        }
    }
}
