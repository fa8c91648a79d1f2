//! A request while its client waits: who may work on it, what the client has seen, and how it ends.
//!
//! Pure: told what happened and when, it says what to do. Everything that can be lost on the way is said again
//! by somebody, so each input may come twice, late or never.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    Timestamp, WorkerId,
    request::{Accepted, Cancelled, Failure, Outcome, Timings},
};
use uplion_log_transport::{
    claim::{AcceptedEvent, ReleaseReason},
    message::Link,
    task::OfferError,
};
use uplion_protocol::error::ApiError;

use super::{
    action::{Action, EndedClaim},
    active_claim::ActiveClaim,
    ending::Settling,
    receive_window::ReceiveWindow,
};
use crate::options::{Bounds, Pace};

/// Claims that no longer hold, whose workers may still speak.
const MOST_ENDED_CLAIMS: usize = 16;

pub struct Request {
    pub(super) accepted: Accepted,
    /// The same as the log has it, for the worker.
    pub(super) event: AcceptedEvent,
    pub(super) body: Bytes,
    pub(super) pace: Pace,
    pub(super) bounds: Bounds,
    pub(super) receive_window: Arc<ReceiveWindow>,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    pub(super) stage: Stage,
    pub(super) client: Client,
    pub(super) link: Link,
    /// Claims that were answered with `go`.
    pub(super) attempts: u32,
    pub(super) silent: u32,
    pub(super) trouble: Option<ReleaseReason>,
    pub(super) ended_claims: VecDeque<EndedClaim>,
    pub(super) worker: Option<WorkerId>,
    pub(super) timings: Timings,
    pub(super) ticked: Instant,
    pub(super) wrote: Instant,
    pub(super) actions: Vec<Action>,
}

pub(super) enum Stage {
    Waiting,
    Claimed(Box<ActiveClaim>),
    Settling(Box<Settling>),
    Over,
}

/// What the client has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Waits,
    /// Headers, perhaps comments.
    SawHeaders,
    /// A part of the answer: no other worker can begin anew.
    SawAnswer,
    /// All that it will ever see, or it went away.
    Done,
}

impl Request {
    pub fn new(
        (accepted, event): (Accepted, AcceptedEvent),
        body: Bytes,
        (pace, bounds): (Pace, Bounds),
        receive_window: Arc<ReceiveWindow>,
        link: Link,
        now: Instant,
    ) -> Self {
        Self {
            accepted,
            event,
            body,
            pace,
            bounds,
            receive_window,
            started: now,
            deadline: now + pace.deadline,
            stage: Stage::Waiting,
            client: Client::Waits,
            link,
            attempts: 0,
            silent: 0,
            trouble: None,
            ended_claims: VecDeque::new(),
            worker: None,
            timings: Timings::default(),
            ticked: now,
            wrote: now,
            actions: vec![Action::Offer],
        }
    }

    pub fn actions(&mut self) -> Vec<Action> {
        mem::take(&mut self.actions)
    }

    pub const fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// No settlement is written later.
    pub fn settle_until(&self) -> Instant {
        self.deadline + self.pace.settle_grace
    }

    /// Bytes of the answer that are held here.
    pub fn buffered(&self) -> u64 {
        match &self.stage {
            Stage::Claimed(active) => active.answer.buffered(),
            Stage::Settling(settling) => settling.buffered(),
            Stage::Waiting | Stage::Over => 0,
        }
    }

    /// Delivered bytes that somebody waits for.
    pub fn wants_delivered(&self) -> u64 {
        match &self.stage {
            Stage::Claimed(active) => match active.answer.complete() {
                Some(_) => active.answer.unkept(),
                None => active.credit_due_at_delivered(),
            },
            Stage::Waiting | Stage::Settling(_) | Stage::Over => u64::MAX,
        }
    }

    /// The ticket is in the queue, or could not be put there.
    pub fn on_offered(&mut self, now: Instant, offered: Result<(), OfferError>) {
        let first = self.attempts == 0;
        match (&self.stage, offered) {
            (Stage::Waiting, Err(OfferError::Full(model))) if first => {
                let retry_after_s = self.pace.retry_after.as_secs();
                let model = model.to_string();
                let error = ApiError::QueueFull { model, retry_after_s };
                self.stop(now, Outcome::Failed(Failure::QueueFull), error);
            }
            (Stage::Waiting, Err(OfferError::Unavailable(_))) => {
                self.stop_unavailable(now, "the queue cannot be reached");
            }
            // A full queue may still hold the ticket of an earlier offer; whoever claims had a ticket.
            (Stage::Waiting, Ok(()) | Err(OfferError::Full(_)))
            | (Stage::Claimed(_) | Stage::Settling(_) | Stage::Over, _) => {}
        }
    }

    pub fn on_link(&mut self, now: Instant, link: Link) {
        let before = mem::replace(&mut self.link, link);
        match (&self.stage, link) {
            (Stage::Waiting, Link::Down) => {
                self.stop_unavailable(now, "the queue cannot be reached");
            }
            (Stage::Waiting, Link::Up { .. }) if before != link => self.actions.push(Action::Offer),
            (Stage::Waiting, Link::Up { .. })
            | (Stage::Claimed(_) | Stage::Settling(_) | Stage::Over, _) => {}
        }
    }

    pub fn on_delivered(&mut self, now: Instant, delivered: u64) {
        if let Stage::Claimed(active) = &mut self.stage
            && active.answer.delivered() < delivered
        {
            active.answer.delivered_up_to(delivered);
            self.credit_if_owed(now);
            self.end_if_complete(now);
        }
    }

    /// The client closed its connection.
    pub fn on_client_gone(&mut self, now: Instant) {
        if self.client == Client::Done {
            return;
        }
        let silenced = self.permitted_until().is_some_and(|until| until <= now);
        self.client = Client::Done;
        match &mut self.stage {
            Stage::Waiting | Stage::Claimed(_) => {
                let why = if silenced { Cancelled::GatewayLost } else { Cancelled::ClientGone };
                self.stop(now, Outcome::Cancelled(why), ApiError::Internal);
            }
            Stage::Settling(settling) => settling.forget_client(),
            Stage::Over => {}
        }
    }

    /// A chunk met full memory. A stream's counts as lost: it is sent again, and there is room once clients have read.
    /// Answers that are held whole could wait for each other for ever.
    pub fn on_no_room(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Claimed(_)) && !self.accepted.streamed {
            let error = ApiError::Overloaded { retry_after_s: self.pace.retry_after.as_secs() };
            self.stop(now, Outcome::Failed(Failure::Unavailable), error);
        }
    }

    /// Its model was retired, and no worker takes its tickets any more. Whoever is at it may finish.
    pub fn on_retired(&mut self, now: Instant) {
        match &self.stage {
            Stage::Waiting => {
                let error = ApiError::ModelNotFound { model: self.accepted.model.to_string() };
                self.stop(now, Outcome::Failed(Failure::Unavailable), error);
            }
            Stage::Claimed(_) | Stage::Settling(_) | Stage::Over => {}
        }
    }

    /// The gateway is about to leave.
    pub fn on_stop(&mut self, now: Instant) {
        match &self.stage {
            Stage::Waiting | Stage::Claimed(_) => {
                let retry_after_s = self.pace.retry_after.as_secs();
                let error = ApiError::Unavailable { reason: "it is stopping", retry_after_s };
                self.stop(now, Outcome::Cancelled(Cancelled::GatewayLost), error);
            }
            Stage::Settling(_) | Stage::Over => {}
        }
    }

    pub(super) fn stop_unavailable(&mut self, now: Instant, reason: &'static str) {
        let retry_after_s = self.pace.retry_after.as_secs();
        let error = ApiError::Unavailable { reason, retry_after_s };
        self.stop(now, Outcome::Failed(Failure::Unavailable), error);
    }

    /// By the wall clock of admission, moved on by the monotonic one.
    pub(super) fn at(&self, now: Instant) -> Timestamp {
        self.accepted.at.plus_millis(millis(now - self.started).cast_signed())
    }

    /// Whether the answer's parts go to the client as they come.
    pub(super) fn streams(&self) -> bool {
        self.accepted.streamed && !self.is_upstream_error()
    }

    /// Whether a stream was asked for, and the upstream answers with an error.
    pub(super) fn is_upstream_error(&self) -> bool {
        let head = match &self.stage {
            Stage::Claimed(active) => active.answer.head(),
            Stage::Settling(settling) => {
                settling.active_claim().and_then(|active| active.answer.head())
            }
            Stage::Waiting | Stage::Over => None,
        };
        self.accepted.streamed && head.is_some_and(|head| !(200..300).contains(&head.status))
    }

    /// A client is first to show that it reads.
    pub(super) fn first_window(&self) -> u64 {
        if self.accepted.streamed {
            self.bounds.first_window.min(self.bounds.stream_window)
        } else {
            self.bounds.answer
        }
    }

    pub(super) const fn window(&self) -> u64 {
        if self.accepted.streamed { self.bounds.stream_window } else { self.bounds.answer }
    }

    pub(super) fn permitted_until(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Claimed(active) => Some(active.echoed_at() + self.pace.write_permit),
            Stage::Waiting | Stage::Settling(_) | Stage::Over => None,
        }
    }

    /// A gateway that stood still must not write what its worker, which could not know better, has ended meanwhile.
    pub(super) fn permit(&mut self) {
        if self.accepted.streamed {
            self.actions.push(Action::WriteUntil(self.permitted_until()));
        }
    }

    pub(super) fn remember_ended(&mut self, ended: EndedClaim) {
        if self.ended_claims.len() == MOST_ENDED_CLAIMS {
            self.ended_claims.pop_front();
        }
        self.ended_claims.push_back(ended);
    }

    pub(super) fn wait_again(&mut self, now: Instant) {
        self.stage = Stage::Waiting;
        self.permit();
        if self.link == Link::Down {
            self.stop_unavailable(now, "the queue cannot be reached");
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
