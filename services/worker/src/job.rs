//! One request from `go` to the gateway's last word.
//!
//! Three things happen at once: the gateway sends messages, the upstream answers, time passes. One loop waits for all
//! of them, so that a gateway that needs the answer no more closes the upstream call at once.

mod answer_sender;
mod body;
mod gateway_liveness;
mod place;
mod silence;
mod timers;

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use uplion_domain::{Operation, Usage, request::AttemptOutcome};
use uplion_log_transport::{
    claim::{
        AttemptReport, Conclusion, Credited, End, FromGateway, FromWorker, Go, Grant,
        ReleaseReason, UpstreamWords,
    },
    task::Receipt,
};
use uplion_protocol::{
    Endpoint,
    endpoint::{Forwarding, NotForwarded},
};

use self::{
    answer_sender::AnswerSender,
    body::Body,
    place::Place,
    silence::{Patience, Silence},
    timers::Timers,
};
use crate::{
    gateways::ClaimChannel,
    settlement::GatewayLost,
    ticket::Slot,
    upstream::{
        Asker, CallFailure, FailedCall, Upstream,
        response::{Expected, Step, UpstreamResponse},
    },
};

/// For another upstream of the model to take what this one could not serve.
const RELEASE_DELAY: Duration = Duration::from_millis(100);

/// How it ended here.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a request, and it is taken apart at once"
)]
pub enum JobOutcome {
    /// The gateway has settled it, or needs it no more; with the end that was reported, if any.
    Closed(Option<End>),
    Released(Released),
    /// The gateway is gone: one that lives is to settle what it said.
    GatewayLost(GatewayLost),
    /// Too late to do anything for it.
    Abandoned,
}

/// What the gateway and the queue are told of a task that goes back.
pub struct Released {
    pub reason: ReleaseReason,
    pub delay: Duration,
    /// None if no upstream was asked.
    pub attempt: Option<AttemptReport>,
    /// What the upstream said when it failed.
    pub words: Option<UpstreamWords>,
}

impl Released {
    /// No upstream was asked.
    pub const fn unasked(
        reason: ReleaseReason,
        delay: Duration,
        words: Option<UpstreamWords>,
    ) -> Self {
        Self { reason, delay, attempt: None, words }
    }
}

pub struct Job<'a> {
    channel: &'a mut ClaimChannel,
    upstream: Arc<Upstream>,
    place: Place,
    receipt: &'a dyn Receipt,
    operation: Operation,
    /// What the gateway has read of the body.
    read: Bytes,
    body: Body,
    /// Bytes of an answer that is not streamed.
    max_bytes: u64,
    response: Option<UpstreamResponse>,
    /// Of a call that was ended from here, or has no answer.
    closed: Option<AttemptReport>,
    called_at: Instant,
    /// Of the body: whether another request is the same is told by it.
    fingerprint: u64,
    /// Whether a good answer has begun.
    answered: bool,
    answer: AnswerSender,
    /// The gateway said that its client does not get the answer that was settled.
    refused: bool,
    /// What a gateway in this one's place is shown.
    grant: Grant,
    credit: Option<Credited>,
    timers: Timers,
    silence: Silence,
}

/// A body as the upstream is to see it.
struct Forwarded {
    endpoint: Endpoint,
    forwarding: Forwarding,
    body: Bytes,
}

impl<'a> Job<'a> {
    pub fn new(
        channel: &'a mut ClaimChannel,
        slot: Slot,
        receipt: &'a dyn Receipt,
        mut go: Go,
    ) -> Self {
        let now = Instant::now();
        let patience = Patience {
            first_byte: go.first_byte_ms.map(Duration::from_millis),
            between_chunks: go.between_chunks_ms.map(Duration::from_millis),
        };
        channel.window().extend(go.connection_window);
        Self {
            answer: AnswerSender::new(channel, go.window),
            channel,
            upstream: Arc::clone(&slot.upstream),
            place: Place::new(slot),
            receipt,
            grant: go.grant(),
            credit: None,
            operation: go.operation,
            read: go.read,
            body: Body::new(go.body_len, mem::take(&mut go.body)),
            max_bytes: go.window,
            response: None,
            closed: None,
            called_at: now,
            fingerprint: 0,
            answered: false,
            refused: false,
            timers: Timers::new(now, Duration::from_millis(go.left_ms)),
            silence: Silence::new(now, patience),
        }
    }

    /// `release_now` ends the patience of a worker that is stopping.
    pub async fn run(&mut self, release_now: &CancellationToken) -> JobOutcome {
        self.begin().await;
        loop {
            let reads = self.answer.wants_more()
                || self.response.as_ref().is_some_and(|response| !response.has_bytes_to_come());
            if !reads {
                self.silence.pause(Instant::now());
            }
            let outcome = tokio::select! {
                biased;
                message = self.channel.recv() => self.on_message(message).await,
                // What was answered whole only waits for the gateway to settle it.
                () = release_now.cancelled(), if !self.answer.has_ended() => Some(self.drain()),
                () = self.timers.next() => self.on_timer().await,
                () = self.answer.permitted() => None,
                () = self.place.due() => {
                    self.place.leave();
                    None
                }
                step = next(&mut self.response), if reads => self.advance_to_end(step),
                () = self.silence.is_too_long(), if reads && self.response.is_some() => {
                    self.give_up_silent()
                }
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
            self.answer.flush(self.channel).await;
        }
    }

    /// Asks for the rest of the body, or calls the upstream with it.
    async fn begin(&mut self) {
        match self.body.whole() {
            Some(body) => self.call(body),
            None => self.request_body().await,
        }
    }

    async fn request_body(&mut self) {
        let (claim, from) = (self.channel.claim, self.body.have());
        self.channel.send(&FromWorker::BodyRequest { claim, from }).await;
    }

    fn call(&mut self, body: Bytes) {
        let Forwarded { endpoint, forwarding, body: spliced } = match self.forward(&body) {
            Ok(forwarded) => forwarded,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, gateway = %self.channel.gateway, "worker.body.not_forwarded");
                self.answer.end(
                    Conclusion { end: End::Broken, attempt: None, error: None },
                    Usage::default(),
                );
                return;
            }
        };
        self.fingerprint = body::fingerprint(&body);
        // The response keeps what it needs of it.
        self.body = Body::new(0, Bytes::new());
        let expected = Expected {
            endpoint,
            stream: forwarding.streamed,
            usage: forwarding.usage_wanted,
            asks_usage: forwarding.streamed,
            answers: forwarding.answers,
            max_bytes: self.max_bytes,
            grace: self.upstream.grace,
        };
        self.called_at = Instant::now();
        let pulse = self.silence.begin(self.called_at);
        let bodies = (body, spliced);
        self.response = Some(UpstreamResponse::call(&self.upstream, bodies, expected, pulse));
    }

    /// What the upstream is asked, by what the gateway has read of the body.
    fn forward(&self, body: &Bytes) -> Result<Forwarded, NotForwarded> {
        let endpoint = Endpoint::of(&self.operation)
            .ok_or_else(|| NotForwarded::UnknownOperation(self.operation.clone()))?;
        let forwarding = Forwarding::decode(&self.read)?;
        let body = forwarding.for_upstream(body, self.upstream.upstream_model.as_str())?;
        Ok(Forwarded { endpoint, forwarding, body })
    }

    async fn on_message(&mut self, message: FromGateway) -> Option<JobOutcome> {
        match message {
            FromGateway::Credit { claim: _, received, window, connection_window, credited } => {
                self.refused |= credited.refused;
                self.channel.window().extend(connection_window);
                let now = Instant::now();
                let (number, counts) = (credited.number, (received, credited.delivered));
                if self.answer.on_credit(now, number, counts, window, connection_window.heard) {
                    self.timers.gateway.on_credit(now);
                    self.credit = Some(credited);
                }
                None
            }
            FromGateway::Body { from, bytes, .. } => {
                if self.body.lacks() && self.body.add(from, &bytes) {
                    self.begin().await;
                }
                None
            }
            FromGateway::Settled { .. } => Some(JobOutcome::Closed(self.answer.reported_end())),
            FromGateway::Drop { .. } => Some(JobOutcome::Closed(None)),
            // Of another claim, or of none.
            FromGateway::Go(_) | FromGateway::Wait { .. } | FromGateway::Here { .. } => None,
        }
    }

    /// An end that is known already is taken in too, to be sent with the last part.
    fn advance_to_end(&mut self, step: Step) -> Option<JobOutcome> {
        let outcome = self.advance(step);
        let ending = self.response.as_mut().filter(|response| !response.has_bytes_to_come());
        match ending.and_then(|response| response.next().now_or_never()) {
            Some(end) if outcome.is_none() => self.advance(end),
            Some(_) | None => outcome,
        }
    }

    fn advance(&mut self, step: Step) -> Option<JobOutcome> {
        match step {
            Step::Begun(head) => {
                if !(200..300).contains(&head.status) {
                    self.upstream.refused(head.status, self.asker(), self.called_at);
                    self.answered = true;
                }
                self.answer.begin(head);
                None
            }
            Step::Part { bytes, usage } => {
                if !mem::replace(&mut self.answered, true) {
                    self.upstream.answered(self.called_at);
                }
                self.answer.push(bytes, usage);
                None
            }
            Step::End { end, usage, error } => {
                let attempt = self.response.take().map(|response| response.report(end.outcome()));
                if end == End::Broken {
                    self.upstream.broke_off(self.asker());
                }
                self.count(attempt.as_ref());
                self.answer.end(Conclusion { end, attempt, error }, usage);
                self.place.is_done(Instant::now());
                None
            }
            Step::Failed(failed) => {
                self.upstream.failed(&failed, self.asker(), self.called_at);
                let FailedCall { failure, words, request_id: _ } = failed;
                self.close(failure.attempt_outcome());
                let (reason, attempt) = (failure.release_reason(), self.closed.take());
                let delay = RELEASE_DELAY;
                Some(JobOutcome::Released(Released { reason, delay, attempt, words }))
            }
        }
    }

    /// The upstream says nothing. Where the client saw nothing of an answer, another upstream may do better.
    fn give_up_silent(&mut self) -> Option<JobOutcome> {
        if self.answer.has_begun() {
            let end = End::Silent;
            self.upstream.broke_off(self.asker());
            let attempt = self.response.take().map(|response| response.report(end.outcome()));
            self.answer.end(Conclusion { end, attempt, error: None }, Usage::default());
            self.place.is_done(Instant::now());
            return None;
        }
        let failure = CallFailure::for_now(ReleaseReason::TimedOut);
        self.advance(Step::Failed(FailedCall { failure, words: None, request_id: None }))
    }

    async fn on_timer(&mut self) -> Option<JobOutcome> {
        let now = Instant::now();
        if self.timers.is_progress_due(now)
            && let Err(error) = self.receipt.progress().await
        {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "worker.ticket.progress_lost"
            );
        }
        if !self.timers.is_check_due(now) {
            return None;
        }
        if self.timers.is_overdue(now) {
            // The gateway cancels at the same time; until it says so, only the call is closed.
            self.close(AttemptOutcome::CANCELLED);
        }
        if now >= self.timers.settle_until() {
            // The gateway says it, too, for as long as it lives.
            return Some(if self.refused { self.lose_gateway() } else { JobOutcome::Abandoned });
        }
        if self.timers.gateway.is_lost(now, self.channel.is_linked()) {
            return Some(self.lose_gateway());
        }
        self.give_sign_of_life().await;
        None
    }

    /// Hands back what would take longer than a stopping worker waits.
    fn drain(&mut self) -> JobOutcome {
        self.close(AttemptOutcome::CANCELLED);
        let (reason, attempt) = (ReleaseReason::Draining, self.closed.take());
        JobOutcome::Released(Released { reason, delay: Duration::ZERO, attempt, words: None })
    }

    fn lose_gateway(&mut self) -> JobOutcome {
        self.close(AttemptOutcome::CANCELLED);
        let attempt = self.answer.attempt().cloned().or_else(|| self.closed.take());
        JobOutcome::GatewayLost(GatewayLost {
            grant: self.grant.clone(),
            credit: self.credit.take(),
            refused: self.answer.whole_usage().filter(|_| self.refused),
            attempt,
            until: self.timers.settle_until(),
        })
    }

    /// Ends the call to the upstream, if it goes on.
    fn close(&mut self, outcome: AttemptOutcome) {
        if let Some(response) = self.response.take() {
            let report = response.report(outcome);
            self.count(Some(&report));
            self.closed = Some(report);
        }
    }

    fn count(&self, attempt: Option<&AttemptReport>) {
        if let Some(AttemptReport { upstream: Some(upstream), outcome, .. }) = attempt {
            self.channel.metrics().attempted(&self.upstream.model, upstream, outcome);
        }
    }

    /// Whose request it is. Asked for only where something failed.
    fn asker(&self) -> Asker {
        let key = self.grant.accepted.read().ok().map(|accepted| accepted.key);
        Asker { key, body: self.fingerprint }
    }

    /// What a gateway is told every second, and asked again.
    async fn give_sign_of_life(&mut self) {
        self.channel.send(&self.answer.alive(self.channel)).await;
        if self.body.lacks() {
            self.request_body().await;
        }
        self.answer.finish(self.channel).await;
    }
}

async fn next(response: &mut Option<UpstreamResponse>) -> Step {
    match response {
        Some(response) => response.next().await,
        None => std::future::pending().await,
    }
}
