//! One request from `go` to the gateway's last word.
//!
//! Three things happen at once: the gateway speaks, the upstream answers, time passes. One loop hears them all, so
//! that a word from the gateway that nobody needs the answer any more closes the upstream call at once.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::FutureExt;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uplion_domain::{Usage, subject::Subject};
use uplion_log_transport::{
    claim::{End, FromGateway, FromWorker, Go, Head, ReleaseReason},
    message::Link,
    task::{PROGRESS_EVERY, Receipt},
};
use uplion_protocol::Endpoint;

use crate::{
    body::Body,
    context::Context,
    mailbox::Mailbox,
    outbox::Outbox,
    room::{Room, Turn},
    upstream::{
        Upstream,
        answer::{Answer, Step, Wanted},
        verdict::{Trouble, Verdict},
    },
    vigil::{LOOK_EVERY, Vigil},
};

/// After its deadline nobody but the projector's sweeper settles a request.
pub const SETTLE_GRACE: Duration = Duration::from_secs(30);
/// For another upstream of the model to take what this one could not serve.
const HAND_OVER: Duration = Duration::from_millis(100);

/// How it ended here.
pub enum Outcome {
    /// The gateway has settled it, or needs it no more; with the end that was reported, if any.
    Closed(Option<End>),
    Released {
        reason: ReleaseReason,
        delay: Duration,
    },
    /// The gateway is gone: what it said was delivered is to be settled by this worker.
    GatewayLost {
        delivered: Usage,
        until: Instant,
    },
    /// Too late to do anything for it.
    Abandoned,
}

pub struct Job<'a> {
    context: &'a Arc<Context>,
    upstream: &'a Arc<Upstream>,
    gateway: Subject,
    room: &'a Arc<Room>,
    turn: Turn,
    mailbox: &'a mut Mailbox,
    receipt: &'a dyn Receipt,
    go: Go,
    body: Body,
    answer: Option<Answer>,
    head: Option<Head>,
    outbox: Outbox,
    end: Option<(End, Usage)>,
    finish_said: bool,
    began: Instant,
    deadline: Instant,
    vigil: Vigil,
    progress_at: Instant,
}

impl<'a> Job<'a> {
    pub fn new(
        context: &'a Arc<Context>,
        upstream: &'a Arc<Upstream>,
        (gateway, room): (Subject, &'a Arc<Room>),
        mailbox: &'a mut Mailbox,
        receipt: &'a dyn Receipt,
        mut go: Go,
    ) -> Self {
        let now = Instant::now();
        let deadline = now + Duration::from_millis(go.left_ms);
        room.hear(go.connection_window);
        Self {
            context,
            upstream,
            gateway,
            room,
            turn: Turn::new(Arc::clone(room)),
            mailbox,
            receipt,
            body: Body::new(go.body_len, mem::take(&mut go.body)),
            answer: None,
            head: None,
            outbox: Outbox::new(go.claim, go.window),
            end: None,
            finish_said: false,
            began: now,
            deadline,
            vigil: Vigil::new(now),
            progress_at: now + PROGRESS_EVERY,
            go,
        }
    }

    /// `hand_back` ends the patience of a worker that is stopping.
    pub async fn run(&mut self, hand_back: &CancellationToken) -> Outcome {
        self.begin().await;
        let mut look_at = Instant::now() + LOOK_EVERY;
        let mut timer = Box::pin(sleep_until(look_at.into()));
        loop {
            let reads = self.outbox.has_room()
                || self.answer.as_ref().is_some_and(|answer| !answer.needs_room());
            let outcome = tokio::select! {
                biased;
                message = self.mailbox.recv() => self.hear(message).await,
                // What was answered whole only waits for the gateway's word.
                () = hand_back.cancelled(), if self.end.is_none() => Some(Outcome::Released {
                    reason: ReleaseReason::Draining, delay: Duration::ZERO,
                }),
                () = &mut timer => self.on_time(&mut timer, &mut look_at).await,
                () = self.turn.comes() => None,
                step = next(&mut self.answer), if reads => self.advance_to_end(step),
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
            self.send_what_fits().await;
        }
    }

    /// Asks for the rest of the body, or calls the upstream with it.
    async fn begin(&mut self) {
        match self.body.whole() {
            Some(body) => self.call(body),
            None => self.want().await,
        }
    }

    async fn want(&mut self) {
        let want = FromWorker::BodyRequest { claim: self.go.claim, from: self.body.have() };
        self.context.say(&self.gateway, &want).await;
    }

    fn call(&mut self, body: Bytes) {
        let endpoint = Endpoint::ChatCompletions;
        let read = endpoint.read(&body).map(|read| read.forwarding);
        let called = self.upstream.called.as_str();
        let Some((spliced, forwarding)) =
            read.ok().and_then(|read| Some((read.for_upstream(&body, called).ok()?, read)))
        else {
            tracing::error!(gateway = %self.gateway, "an admitted body cannot be forwarded");
            self.end = Some((End::Broken, Usage::default()));
            return;
        };
        // The answer keeps what it needs of it.
        self.body = Body::new(0, Bytes::new());
        let wanted = Wanted {
            endpoint,
            stream: forwarding.streamed,
            usage: forwarding.usage_wanted,
            most: self.go.window,
        };
        let tokenizer = &self.context.tokenizer;
        self.began = Instant::now();
        self.answer = Some(Answer::call(self.upstream, tokenizer, body, spliced, wanted));
    }

    async fn hear(&mut self, message: FromGateway) -> Option<Outcome> {
        match message {
            FromGateway::Credit {
                number, received, delivered, window, connection_window, ..
            } => {
                self.room.hear(connection_window);
                self.outbox.open(window);
                let now = Instant::now();
                if self.outbox.credit(now, number, (received, delivered), connection_window.heard) {
                    self.vigil.hear(now);
                }
                None
            }
            FromGateway::Body { from, bytes, .. } => {
                if self.body.lacks() && self.body.add(from, &bytes) {
                    self.begin().await;
                }
                None
            }
            FromGateway::Settled { .. } => Some(Outcome::Closed(self.end.map(|(end, _)| end))),
            FromGateway::Drop { .. } => Some(Outcome::Closed(None)),
            // A repeated answer to a repeated question.
            FromGateway::Go(_) | FromGateway::Wait { .. } => None,
        }
    }

    /// An end that is known already is taken in too, to be said with the last part.
    fn advance_to_end(&mut self, step: Step) -> Option<Outcome> {
        let outcome = self.advance(step);
        let end = self.answer.as_mut().filter(|answer| !answer.needs_room());
        if outcome.is_none()
            && let Some(end) = end.and_then(|answer| answer.next().now_or_never())
        {
            return self.advance(end);
        }
        outcome
    }

    fn advance(&mut self, step: Step) -> Option<Outcome> {
        match step {
            Step::Begun(head) => {
                self.upstream.answers(&head, self.began);
                self.head = Some(head);
                None
            }
            Step::Part { bytes, usage } => {
                self.outbox.push(self.head.take(), bytes, usage);
                None
            }
            Step::End { end, usage } => {
                self.answer = None;
                self.end = Some((end, usage));
                None
            }
            Step::None(verdict) => Some(self.give_up(verdict)),
        }
    }

    /// The upstream has no answer to give.
    fn give_up(&self, verdict: Verdict) -> Outcome {
        let reason = match verdict {
            Verdict::Trouble(trouble) => {
                self.upstream.health.trouble(trouble, self.began);
                let Trouble { reason, retry_after: _ } = trouble;
                reason
            }
            Verdict::Failed(reason) => {
                self.upstream.fail(self.context, reason);
                ReleaseReason::WorkerFailed
            }
            Verdict::Answer | Verdict::Rejected { .. } => ReleaseReason::UpstreamFailed,
        };
        Outcome::Released { reason, delay: HAND_OVER }
    }

    async fn send_what_fits(&mut self) {
        let now = Instant::now();
        let before = (self.outbox.sent(), self.outbox.resent());
        while let Some(bytes) = self.outbox.next_bytes() {
            let Some(all_sent) = self.turn.take(bytes) else { break };
            let Some(mut chunk) = self.outbox.send(now, all_sent) else { break };
            if self.outbox.is_empty() && self.outbox.next_bytes().is_none() {
                self.end_with(&mut chunk);
            }
            self.context.say(&self.gateway, &chunk).await;
        }
        if self.outbox.next_bytes().is_none() {
            self.turn.leave();
        }
        self.context.metrics.sent_bytes.inc_by(self.outbox.sent() - before.0);
        self.context.metrics.resent_chunks.inc_by(self.outbox.resent() - before.1);
        if self.end.is_some() && !self.finish_said {
            self.finish().await;
        }
    }

    /// The last chunk of a whole answer says that it is the last. What ends otherwise has a usage of its own.
    fn end_with(&mut self, chunk: &mut FromWorker) {
        if let Some((End::Complete, whole)) = self.end
            && let FromWorker::Chunk { usage, end, .. } = chunk
        {
            (*usage, *end) = (whole, Some(End::Complete));
            self.finish_said = true;
        }
    }

    /// Says that there is no more, once all was sent; again and again until the gateway has settled.
    async fn finish(&mut self) {
        if let Some((end, usage)) = self.end
            && self.outbox.is_empty()
        {
            let (claim, chunks, sent) = (self.go.claim, self.outbox.chunks(), self.outbox.sent());
            let finish = FromWorker::Finish { claim, chunks, sent, usage, end };
            self.context.say(&self.gateway, &finish).await;
            self.finish_said = true;
        }
    }

    async fn on_time(
        &mut self,
        timer: &mut Pin<Box<Sleep>>,
        look_at: &mut Instant,
    ) -> Option<Outcome> {
        let now = Instant::now();
        if now >= self.progress_at {
            self.progress_at = now + PROGRESS_EVERY;
            if let Err(error) = self.receipt.progress().await {
                tracing::debug!(%error, "a ticket's progress was not told");
            }
        }
        if now >= *look_at {
            *look_at = now + LOOK_EVERY;
            if let Some(outcome) = self.look(now).await {
                return Some(outcome);
            }
        }
        timer.as_mut().reset((*look_at).min(self.progress_at).into());
        None
    }

    async fn look(&mut self, now: Instant) -> Option<Outcome> {
        if now >= self.deadline {
            // The gateway cancels at the same time; until it says so, only the call is closed.
            self.answer = None;
        }
        if now >= self.deadline + SETTLE_GRACE {
            return Some(Outcome::Abandoned);
        }
        let linked = *self.context.log.messages.link().borrow() != Link::Down;
        if self.vigil.look(now, linked) {
            let delivered = self.outbox.delivered_usage();
            return Some(Outcome::GatewayLost { delivered, until: self.deadline + SETTLE_GRACE });
        }
        let (claim, credit) = (self.go.claim, self.outbox.newest_credit());
        let (sent, all_sent) = (self.outbox.sent(), self.room.sent());
        let alive = FromWorker::Alive { claim, sent, credit, all_sent };
        self.context.say(&self.gateway, &alive).await;
        if self.body.lacks() {
            self.want().await;
        }
        self.finish().await;
        None
    }
}

async fn next(answer: &mut Option<Answer>) -> Step {
    match answer {
        Some(answer) => answer.next().await,
        None => std::future::pending().await,
    }
}
