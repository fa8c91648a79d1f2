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
    action::{Action, Farewell, Whole, Word},
    answer::Finish,
    holder::Holder,
    request::{Client, Request, Stage, micros},
};

const DEFAULT_TYPE: &str = "application/json";

/// The settlement is under way.
pub struct Settling {
    /// The worker that waits to be told; it needs credit until then.
    holder: Option<Box<Holder>>,
    then: Then,
    pub(super) late_at: Instant,
}

/// What the client gets once the settlement is on the log.
enum Then {
    Respond(Whole),
    End(Bytes),
    /// It got all that it will get.
    Nothing,
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is on the log as this gateway wrote it.
    Ours,
    /// Somebody else settled before.
    Theirs,
    /// It could not be written in time; the sweeper will settle.
    GivenUp,
}

impl Settling {
    pub(super) fn holder(&self) -> Option<&Holder> {
        self.holder.as_deref()
    }

    pub(super) fn holder_mut(&mut self) -> Option<&mut Holder> {
        self.holder.as_deref_mut()
    }

    pub(super) fn is_held_by(&self, claim: ClaimId) -> bool {
        self.holder().is_some_and(|holder| holder.claim == claim)
    }

    pub(super) fn forget_client(&mut self) {
        self.then = Then::Nothing;
    }

    pub(super) fn keeps_client_waiting(&self) -> bool {
        !matches!(self.then, Then::Nothing)
    }

    pub(super) fn buffered(&self) -> u64 {
        match &self.then {
            Then::Respond(whole) => whole.body.len() as u64,
            Then::End(end) => end.len() as u64,
            Then::Nothing => 0,
        }
    }
}

impl Request {
    /// Ends the request if its worker said so and all of its answer is here and written.
    pub(super) fn end_if_complete(&mut self, now: Instant) {
        let streams = self.streams();
        let Stage::Claimed(holder) = &mut self.stage else { return };
        let Some(Finish { sent, usage, end }) = holder.answer.complete() else { return };
        let head = holder.answer.head().cloned();
        let status = head.as_ref().map_or(200, |head| head.status);
        match end {
            _ if sent != holder.answer.received() => self.break_off(now),
            End::Complete if streams && !holder.answer.is_written() => {}
            End::Complete if streams => {
                let then = Then::End(holder.answer.take_kept());
                self.begin(now, head);
                self.settle(now, Outcome::Completed, usage, then);
            }
            End::Complete if (200..300).contains(&status) => {
                let then = respond(holder, head, status);
                self.settle(now, Outcome::Completed, usage, then);
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
        let Stage::Claimed(holder) = &mut self.stage else { return };
        let outcome = Outcome::Failed(Failure::UpstreamRejected { status });
        let then = match self.client {
            Client::Waits => respond(holder, head, status),
            Client::SawHeaders | Client::SawAnswer => {
                Then::End(complaint(&holder.answer.take_kept(), status))
            }
            Client::Done => Then::Nothing,
        };
        self.settle(now, outcome, Usage::default(), then);
    }

    /// The worker has ended it, without an answer: the client hears at once, the worker when it is settled.
    fn fail(&mut self, now: Instant, failure: Failure, error: ApiError) {
        self.tell_client(error);
        self.settle(now, Outcome::Failed(failure), Usage::default(), Then::Nothing);
    }

    /// Ends the request from here: nobody needs its worker any more.
    pub(super) fn stop(&mut self, now: Instant, outcome: Outcome, error: ApiError) {
        let mut delivered = Usage::default();
        if let Stage::Claimed(holder) = &self.stage {
            delivered = holder.answer.delivered_usage();
            let farewell =
                Farewell { claim: holder.claim, worker: holder.worker, word: Word::Drop };
            self.actions.push(Action::Send(farewell.worker, farewell.message()));
            self.outlive(farewell);
            self.stage = Stage::Waiting;
        }
        self.tell_client(error);
        self.settle(now, outcome, delivered, Then::Nothing);
    }

    fn settle(&mut self, now: Instant, outcome: Outcome, delivered: Usage, then: Then) {
        self.body = Bytes::new();
        self.timings.total = micros(now - self.started);
        let (timings, worker, at) = (self.timings, self.worker, self.at(now));
        let writer = Writer::Gateway(self.accepted.gateway);
        let settled = self.accepted.settle(outcome, delivered, timings, worker, writer, at);
        let holder = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Claimed(holder) => Some(holder),
            Stage::Waiting | Stage::Settling(_) | Stage::Over => None,
        };
        let late_at = now + self.pace.settle_ack;
        self.stage = Stage::Settling(Box::new(Settling { holder, then, late_at }));
        self.actions.push(Action::Settle(Box::new(settled)));
    }

    pub fn on_settled(&mut self, verdict: Verdict) {
        let Stage::Settling(settling) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return;
        };
        let Settling { holder, then, late_at: _ } = *settling;
        let word = match verdict {
            Verdict::Ours => {
                self.finish_client(then);
                Word::Told
            }
            Verdict::Theirs => {
                self.tell_client(ApiError::Internal);
                Word::Told
            }
            Verdict::GivenUp => {
                self.tell_client(ApiError::Internal);
                Word::Drop
            }
        };
        let farewell = holder.map(|holder| {
            let farewell = Farewell { claim: holder.claim, worker: holder.worker, word };
            self.actions.push(Action::Send(farewell.worker, farewell.message()));
            farewell
        });
        self.actions.push(Action::Over(farewell.or_else(|| self.past.back().copied())));
    }

    fn finish_client(&mut self, then: Then) {
        if self.client == Client::Done {
            return;
        }
        match then {
            Then::Respond(whole) => self.actions.push(Action::Respond(whole)),
            Then::End(end) => {
                // What is on the log as ours contradicts nobody, however late it is written.
                self.actions.push(Action::Permit(None));
                if !end.is_empty() {
                    self.actions.push(Action::WriteOwn(end));
                }
                self.actions.push(Action::End);
            }
            Then::Nothing => return,
        }
        self.client = Client::Done;
    }

    /// The client's last word, if it has not had one.
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

fn respond(holder: &mut Holder, head: Option<Head>, status: u16) -> Then {
    let content_type = head.map_or_else(|| DEFAULT_TYPE.to_owned(), |head| head.content_type);
    let head = Head { status, content_type };
    Then::Respond(Whole { head, body: holder.answer.take_kept() })
}

/// An upstream's error body as an event, for a client whose stream has begun.
fn complaint(body: &[u8], status: u16) -> Bytes {
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
