//! One ticket, from the queue to where it goes: done, or back for somebody else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uplion_domain::{ClaimId, Usage, subject::Subject};
use uplion_log_transport::{
    claim::{AcceptedEvent, FromGateway, FromWorker, Go, ReleaseReason},
    task::{Receipt, TakeError, Taken, Ticket},
};

use crate::{
    claim::{self, Answer},
    context::{Context, new_claim, now},
    job::{Job, Outcome},
    mailbox::Mailbox,
    metrics::TaskOutcome,
    room::Room,
    settle,
    upstream::Upstream,
};

/// A claim that nobody answers settles nothing: its gateway may be back, or out of reach from here only.
const UNANSWERED: Duration = Duration::from_secs(5);
const RELEASE_EVERY: Duration = Duration::from_secs(1);
const RELEASE_TIMES: u32 = 3;

/// What is done for one ticket.
pub struct Errand {
    context: Arc<Context>,
    upstream: Arc<Upstream>,
    gateway: Subject,
    claim: ClaimId,
    mailbox: Mailbox,
    room: Arc<Room>,
    receipt: Box<dyn Receipt>,
}

/// Works on the ticket. `hand_back` ends the patience of a worker that is stopping.
pub async fn serve(
    context: Arc<Context>,
    upstream: Arc<Upstream>,
    taken: Taken,
    hand_back: CancellationToken,
) {
    let Taken { ticket, delivery, receipt } = taken;
    let gateway = Subject::Gateway { gateway: ticket.gateway, request: ticket.request };
    let claim = new_claim();
    let mailbox = context.mailboxes.open(claim);
    let room = context.rooms.of(ticket.gateway);
    let mut errand = Errand { context, upstream, gateway, claim, mailbox, room, receipt };
    let Errand { context, gateway, mailbox, room, .. } = &mut errand;
    match claim::ask(context, gateway, mailbox, claim, delivery, room).await {
        Answer::Go(go) => errand.work(*go, &hand_back).await,
        Answer::Wait(delay) => errand.back(delay, TaskOutcome::Waited).await,
        Answer::Drop => errand.done(TaskOutcome::Dropped).await,
        Answer::Silence => errand.unanswered(&ticket).await,
    }
}

impl Errand {
    async fn work(mut self, go: Go, hand_back: &CancellationToken) {
        let accepted = go.accepted.clone();
        let Self { context, upstream, gateway, mailbox, room, receipt, .. } = &mut self;
        let mut job =
            Job::new(context, upstream, (gateway.clone(), room), mailbox, receipt.as_ref(), go);
        match job.run(hand_back).await {
            Outcome::Closed(end) => {
                self.done(end.map_or(TaskOutcome::Dropped, TaskOutcome::from)).await;
            }
            Outcome::Released { reason, delay } => self.release(reason, delay).await,
            Outcome::GatewayLost { delivered, until } => {
                if self.settle(&accepted, delivered, until).await {
                    self.done(TaskOutcome::GatewayLost).await;
                } else {
                    self.count(TaskOutcome::Abandoned);
                }
            }
            Outcome::Abandoned => self.count(TaskOutcome::Abandoned),
        }
    }

    /// Whether it could settle in the gateway's place.
    async fn settle(&self, accepted: &AcceptedEvent, delivered: Usage, until: Instant) -> bool {
        match accepted.read() {
            Ok(accepted) => settle::gateway_lost(&self.context, &accepted, delivered, until).await,
            Err(error) => {
                let gateway = &self.gateway;
                tracing::error!(%error, %gateway, "a request without gateway cannot be read");
                false
            }
        }
    }

    /// Hands the task back, and says so until the gateway has heard it; the slot is free meanwhile.
    async fn release(self, reason: ReleaseReason, delay: Duration) {
        let (claim, delay_ms) = (self.claim, u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        let release = FromWorker::Release { claim, reason, delay_ms };
        self.context.say(&self.gateway, &release).await;
        self.back(delay, reason.into()).await;
        let Self { context, gateway, mut mailbox, .. } = self;
        tokio::spawn(async move {
            for _ in 1..RELEASE_TIMES {
                if timeout(RELEASE_EVERY, told(&mut mailbox)).await.is_ok() {
                    return;
                }
                context.say(&gateway, &release).await;
            }
        });
    }

    async fn unanswered(&self, ticket: &Ticket) {
        if now() > ticket.deadline {
            self.done(TaskOutcome::Unanswered).await;
        } else {
            self.back(UNANSWERED, TaskOutcome::Unanswered).await;
        }
    }

    async fn done(&self, outcome: TaskOutcome) {
        self.count(outcome);
        forgive(self.receipt.done().await);
    }

    async fn back(&self, delay: Duration, outcome: TaskOutcome) {
        self.count(outcome);
        forgive(self.receipt.later(delay).await);
    }

    fn count(&self, outcome: TaskOutcome) {
        self.context.metrics.count(&self.upstream.model, outcome);
    }
}

async fn told(mailbox: &mut Mailbox) {
    loop {
        match mailbox.recv().await {
            FromGateway::Settled { .. } | FromGateway::Drop { .. } => return,
            FromGateway::Go(_)
            | FromGateway::Body { .. }
            | FromGateway::Wait { .. }
            | FromGateway::Credit { .. } => {}
        }
    }
}

/// A ticket whose fate the queue was not told is delivered again, and its claim answered with `drop`.
fn forgive(told: Result<(), TakeError>) {
    if let Err(error) = told {
        tracing::debug!(%error, "the queue was not told what became of a ticket");
    }
}
