//! A request while its client waits: who may work on it, what the client has seen, and how it ends.
//!
//! Pure: told what happened and when, it says what to do. Everything that can be lost on the way is said again
//! by somebody, so each input may come twice, late or never. docs/states-of-a-request.md draws it.

mod action;
mod active_claim;
mod attempts;
mod client;
mod ending;
mod last_words;
mod on_message;
mod on_tick;
mod received;
mod retries;
mod settling;
#[cfg(test)]
mod spec;
mod timers;

use std::{mem, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    model::UpstreamId,
    request::{Accepted, Cancelled, Failure, Outcome},
};
use uplion_log_transport::{claim::AcceptedEvent, message::Link, task::OfferError};
use uplion_protocol::{Endpoint, error::ApiError};

#[cfg(test)]
pub use self::action::LastReply;
pub use self::{
    action::{Action, Correction, EndedClaim, WholeAnswer},
    settling::SettleResult,
};
use self::{
    active_claim::ActiveClaim, attempts::Attempts, client::Client, retries::Retries,
    settling::Settling, timers::Timers,
};
use super::receive_window::ReceiveWindow;
use crate::{
    options::{Bounds, Serving, Timeouts},
    outlook::Unserved,
};

const UNREACHABLE: &str = "the queue cannot be reached";

pub struct Request {
    admitted: Admitted,
    timeouts: Timeouts,
    bounds: Bounds,
    receive_window: Arc<ReceiveWindow>,
    link: Link,
    stage: Stage,
    client: Client,
    attempts: Attempts,
    retries: Retries,
    /// What the worker that holds `go` was told with it.
    tried: Vec<UpstreamId>,
    timers: Timers,
    /// Since when it waits and nobody will come, as far as is known.
    unserved_since: Option<Instant>,
    actions: Vec<Action>,
}

/// What a request is, from its admission on.
pub struct Admitted {
    pub endpoint: Endpoint,
    pub accepted: Accepted,
    pub serving: Serving,
    /// The same as the log has it, for the worker.
    pub event: AcceptedEvent,
    /// What was read of the body, for the worker.
    pub read: Bytes,
    /// Empty once it is settled.
    pub body: Bytes,
}

enum Stage {
    /// For a worker to claim it.
    Waiting,
    Claimed(Box<ActiveClaim>),
    /// It has ended, and the log is to say so.
    Settling(Box<Settling>),
    Over,
}

impl Request {
    pub fn new(
        admitted: Admitted,
        (timeouts, bounds): (Timeouts, Bounds),
        receive_window: Arc<ReceiveWindow>,
        link: Link,
        now: Instant,
    ) -> Self {
        Self {
            client: Client::new(admitted.endpoint.dialect(), admitted.accepted.streamed, now),
            timers: Timers::new(now, admitted.serving.deadline),
            unserved_since: None,
            attempts: Attempts::default(),
            retries: Retries::new(now + admitted.serving.deadline),
            tried: Vec::new(),
            admitted,
            timeouts,
            bounds,
            receive_window,
            link,
            stage: Stage::Waiting,
            actions: vec![Action::Offer],
        }
    }

    pub fn actions(&mut self) -> Vec<Action> {
        mem::take(&mut self.actions)
    }

    pub const fn accepted(&self) -> &Accepted {
        &self.admitted.accepted
    }

    /// No settlement is written later, and none believed.
    pub fn settle_until(&self) -> Instant {
        self.timers.deadline() + self.timeouts.settle_grace
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
    pub fn awaits_delivered(&self) -> u64 {
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
        match (&self.stage, offered) {
            (Stage::Waiting, Err(OfferError::Full(model))) if self.attempts.is_empty() => {
                let (model, retry_after_s) = (model.to_string(), self.timeouts.retry_after_s());
                let error = ApiError::QueueFull { model, retry_after_s };
                self.stop(now, Outcome::Failed(Failure::QueueFull), error);
            }
            (Stage::Waiting, Err(OfferError::Unavailable(_))) => self.stop_unreachable(now),
            // A full queue may still hold the ticket of an earlier offer; whoever claims had a ticket.
            (Stage::Waiting, Ok(()) | Err(OfferError::Full(_)))
            | (Stage::Claimed(_) | Stage::Settling(_) | Stage::Over, _) => {}
        }
    }

    pub fn on_link(&mut self, now: Instant, link: Link) {
        let before = mem::replace(&mut self.link, link);
        match (&self.stage, link) {
            (Stage::Waiting, Link::Down) => self.stop_unreachable(now),
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
        if self.client.is_done() {
            return;
        }
        let silenced = self.may_write_until().is_some_and(|until| until <= now);
        self.client.leave();
        match &mut self.stage {
            Stage::Waiting | Stage::Claimed(_) => {
                let why = if silenced { Cancelled::GatewayLost } else { Cancelled::ClientGone };
                self.stop(now, Outcome::Cancelled(why), ApiError::Internal);
            }
            // Nothing of what goes out whole was written, so nobody is charged for it.
            Stage::Settling(settling) if settling.holds_whole_answer() => self.refuse_gone(now),
            Stage::Settling(settling) => settling.forget_client(),
            Stage::Over => {}
        }
    }

    /// A chunk met full memory. A stream's counts as lost: it is sent again, and there is room once clients have read.
    /// Answers that are held whole could wait for each other for ever.
    pub fn on_no_room(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Claimed(_)) && !self.admitted.accepted.streamed {
            let error = ApiError::Overloaded { retry_after_s: self.timeouts.retry_after_s() };
            self.stop(now, Outcome::Failed(Failure::Unavailable), error);
        }
    }

    /// Its model was retired, and no worker takes its tickets any more. Whoever is at it may finish.
    pub fn on_retired(&mut self, now: Instant) {
        match &self.stage {
            Stage::Waiting => {
                let model = self.admitted.accepted.model.to_string();
                let error = ApiError::ModelNotFound { model };
                self.stop(now, Outcome::Failed(Failure::Unavailable), error);
            }
            Stage::Claimed(_) | Stage::Settling(_) | Stage::Over => {}
        }
    }

    pub const fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting)
    }

    /// Nobody will come for it, as far as is known. Whether that ends it.
    pub fn on_unserved(&mut self, now: Instant, why: Unserved) -> bool {
        if !self.is_waiting() {
            return false;
        }
        let since = *self.unserved_since.get_or_insert(now);
        let waited = now.saturating_duration_since(since);
        if waited < self.admitted.serving.wait_for_worker {
            return false;
        }
        if self.retries.trouble().is_some() {
            self.give_up(now);
            return false;
        }
        let error = self.unavailable(why.reason());
        self.stop(now, Outcome::Failed(Failure::ModelUnavailable), error);
        true
    }

    /// Somebody may come for it.
    pub const fn on_served(&mut self) {
        self.unserved_since = None;
    }

    /// The gateway is about to leave.
    pub fn on_stop(&mut self, now: Instant) {
        match &self.stage {
            Stage::Waiting | Stage::Claimed(_) => {
                let retry_after_s = self.timeouts.retry_after_s();
                let error = ApiError::Unavailable { reason: "it is stopping", retry_after_s };
                self.stop(now, Outcome::Cancelled(Cancelled::GatewayLost), error);
            }
            Stage::Settling(_) | Stage::Over => {}
        }
    }

    /// Waits for another worker.
    fn wait_again(&mut self, now: Instant) {
        self.stage = Stage::Waiting;
        self.bound_writing();
        self.retries.on_waiting(now);
        if self.link == Link::Down {
            self.stop_unreachable(now);
        } else {
            self.give_up_if_over(now);
        }
    }

    fn give_up_if_over(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Waiting)
            && self.retries.is_over(now, &self.admitted.serving.retries)
        {
            self.give_up(now);
        }
    }

    fn stop_unreachable(&mut self, now: Instant) {
        let retry_after_s = self.timeouts.retry_after_s();
        let error = ApiError::Unavailable { reason: UNREACHABLE, retry_after_s };
        self.stop(now, Outcome::Failed(Failure::Unavailable), error);
    }

    /// The claim whose worker is at it, or waits to be told.
    fn active_claim(&self) -> Option<&ActiveClaim> {
        match &self.stage {
            Stage::Claimed(active) => Some(active),
            Stage::Settling(settling) => settling.active_claim(),
            Stage::Waiting | Stage::Over => None,
        }
    }

    fn active_claim_mut(&mut self) -> Option<&mut ActiveClaim> {
        match &mut self.stage {
            Stage::Claimed(active) => Some(active),
            Stage::Settling(settling) => settling.active_claim_mut(),
            Stage::Waiting | Stage::Over => None,
        }
    }

    /// Whether the answer's parts go to the client as they come.
    fn streams(&self) -> bool {
        self.admitted.accepted.streamed && !self.is_upstream_error()
    }

    /// Whether a stream was asked for, and the upstream answers with an error.
    fn is_upstream_error(&self) -> bool {
        let head = self.active_claim().and_then(|active| active.answer.head());
        self.admitted.accepted.streamed
            && head.is_some_and(|head| !(200..300).contains(&head.status))
    }

    /// A client is first to show that it reads.
    fn first_window(&self) -> u64 {
        if self.admitted.accepted.streamed {
            self.bounds.first_window.min(self.bounds.stream_window)
        } else {
            self.bounds.answer
        }
    }

    const fn largest_window(&self) -> u64 {
        if self.admitted.accepted.streamed { self.bounds.stream_window } else { self.bounds.answer }
    }

    /// A gateway that stood still must not write what its worker, which could not know better, has ended meanwhile.
    fn may_write_until(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Claimed(active) => Some(active.echoed_at() + self.timeouts.write_lease),
            Stage::Waiting | Stage::Settling(_) | Stage::Over => None,
        }
    }

    fn bound_writing(&mut self) {
        if self.admitted.accepted.streamed {
            self.actions.push(Action::WriteUntil(self.may_write_until()));
        }
    }
}
