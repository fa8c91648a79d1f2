//! One ticket, from the queue to where it goes: done, or back for somebody else.
//!
//! Which upstreams have had its request is known only once its gateway has said `go`: it may have to go to another than
//! the one that it was taken for.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uplion_domain::{ModelName, model::UpstreamId};
use uplion_log_transport::{
    claim::{FromGateway, FromWorker, Go, ReleaseReason, UpstreamWords},
    task::{Receipt, TakeError, Taken, Ticket},
};

use crate::{
    claim::{self, ClaimReply},
    clock::Clock,
    gateways::{ClaimChannel, Gateways},
    job::{Job, JobOutcome, Released},
    metrics::{Metrics, TaskOutcome},
    settlement::gateway_lost,
    upstream::{InFlight, Upstream},
    weighted_balancer::WeightedBalancer,
};

/// For another worker to take what none of this one's upstreams may have.
const NONE_LEFT_DELAY: Duration = Duration::from_millis(100);
/// How long a request waits here for a slot at an upstream that has not had it, and how often it looks.
const SLOT_WITHIN: Duration = Duration::from_secs(1);
const LOOK_FOR_SLOT: Duration = Duration::from_millis(20);
const RELEASE_EVERY: Duration = Duration::from_secs(1);
const RELEASE_TIMES: u32 = 3;

/// Works on tickets.
pub struct Tickets {
    pub gateways: Arc<Gateways>,
    pub metrics: Metrics,
    pub clock: Clock,
    /// Ends the patience of a worker that is stopping.
    pub release_now: CancellationToken,
}

/// One ticket that is being worked on.
struct TicketRun<'a> {
    tickets: &'a Tickets,
    model: ModelName,
    balancer: &'a WeightedBalancer<Upstream>,
    channel: ClaimChannel,
    receipt: Box<dyn Receipt>,
}

/// A place at an upstream, for one request.
pub struct Slot {
    pub upstream: Arc<Upstream>,
    _permit: OwnedSemaphorePermit,
    _counted: InFlight,
}

impl From<(Arc<Upstream>, OwnedSemaphorePermit)> for Slot {
    fn from((upstream, permit): (Arc<Upstream>, OwnedSemaphorePermit)) -> Self {
        Self { _counted: upstream.count(), upstream, _permit: permit }
    }
}

impl Tickets {
    /// Without a slot its gateway is told that there is no upstream for it here.
    pub async fn run(
        &self,
        mut slot: Option<Slot>,
        balancer: &WeightedBalancer<Upstream>,
        taken: Taken,
    ) {
        let Taken { ticket, delivery, receipt } = taken;
        let channel = self.gateways.claim(&ticket);
        let model = ticket.model.clone();
        let mut run = TicketRun { tickets: self, model, balancer, channel, receipt };
        // Asked about again and again by itself: one look is all that its tickets cost.
        if self.gateways.suspects().delay(ticket.gateway).is_some() {
            drop(slot);
            return run.unanswered(&ticket, TaskOutcome::GatewaySuspected).await;
        }
        match claim::ask(&mut run.channel, delivery, || slot = None).await {
            ClaimReply::Go(go) => run.work(*go, slot).await,
            ClaimReply::Wait(delay) => run.put_back(delay, TaskOutcome::Waited).await,
            ClaimReply::Drop => run.done(TaskOutcome::Dropped).await,
            ClaimReply::Unanswered => run.unanswered(&ticket, TaskOutcome::Unanswered).await,
        }
    }
}

impl TicketRun<'_> {
    async fn work(mut self, go: Go, slot: Option<Slot>) {
        let slot = match self.slot(&go.tried, slot).await {
            Ok(slot) => slot,
            Err(released) => return self.release(released).await,
        };
        let Self { tickets, channel, receipt, .. } = &mut self;
        let mut job = Job::new(channel, slot, receipt.as_ref(), go);
        match job.run(&tickets.release_now).await {
            JobOutcome::Closed(end) => {
                self.done(end.map_or(TaskOutcome::Dropped, TaskOutcome::from)).await;
            }
            JobOutcome::Released(released) => self.release(released).await,
            JobOutcome::GatewayLost(lost) => {
                if gateway_lost(&mut self.channel, lost).await {
                    self.done(TaskOutcome::GatewayLost).await;
                } else {
                    self.count(TaskOutcome::Abandoned);
                }
            }
            JobOutcome::Abandoned => self.count(TaskOutcome::Abandoned),
        }
    }

    /// A slot at an upstream that has not had the request: the one that there is, or another.
    async fn slot(&self, tried: &[UpstreamId], slot: Option<Slot>) -> Result<Slot, Released> {
        let may = |upstream: &Upstream| upstream.health.is_up() && !tried.contains(&upstream.id);
        if let Some(slot) = slot.filter(|slot| may(&slot.upstream)) {
            return Ok(slot);
        }
        let until = Instant::now() + SLOT_WITHIN;
        while self.balancer.has(may) {
            if let Some(slot) = self.balancer.pick(may) {
                return Ok(Slot::from(slot));
            }
            if Instant::now() >= until {
                return Err(Released::unasked(ReleaseReason::Busy, NONE_LEFT_DELAY, None));
            }
            sleep(LOOK_FOR_SLOT).await;
        }
        Err(Released::unasked(ReleaseReason::NoneLeft, NONE_LEFT_DELAY, self.words(tried)))
    }

    /// What that upstream said which comes back first, of those that have not had the request.
    fn words(&self, tried: &[UpstreamId]) -> Option<UpstreamWords> {
        let told = self.balancer.each(|upstream| {
            let is_new = !tried.contains(&upstream.id);
            is_new.then(|| upstream.health.words()).flatten()
        });
        let told = told.into_iter().flatten();
        told.min_by_key(|words| words.retry_after_s.unwrap_or(u32::MAX))
    }

    /// Hands the task back, and says so until the gateway has heard it; the slot is free meanwhile.
    async fn release(self, released: Released) {
        let Released { reason, delay, attempt, words } = released;
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let (claim, attempt, words) =
            (self.channel.claim, attempt.map(Box::new), words.map(Box::new));
        let release = FromWorker::Release { claim, reason, delay_ms, attempt, words };
        self.channel.send(&release).await;
        self.put_back(delay, reason.into()).await;
        let mut channel = self.channel;
        tokio::spawn(async move {
            for _ in 1..RELEASE_TIMES {
                if timeout(RELEASE_EVERY, release_heard(&mut channel)).await.is_ok() {
                    return;
                }
                channel.send(&release).await;
            }
        });
    }

    /// Settles nothing: the gateway may be back, or out of reach from here only. The ticket goes behind the living.
    async fn unanswered(&self, ticket: &Ticket, outcome: TaskOutcome) {
        if (self.tickets.clock)() > ticket.deadline {
            return self.done(outcome).await;
        }
        let delay = self.tickets.gateways.suspects().delay(ticket.gateway);
        self.put_back(delay.unwrap_or_default(), outcome).await;
    }

    async fn done(&self, outcome: TaskOutcome) {
        self.count(outcome);
        log_queue_error(self.receipt.done().await);
    }

    async fn put_back(&self, delay: Duration, outcome: TaskOutcome) {
        self.count(outcome);
        log_queue_error(self.receipt.later(delay).await);
    }

    fn count(&self, outcome: TaskOutcome) {
        self.tickets.metrics.count(&self.model, outcome);
    }
}

async fn release_heard(channel: &mut ClaimChannel) {
    loop {
        match channel.recv().await {
            FromGateway::Settled { .. } | FromGateway::Drop { .. } => return,
            FromGateway::Go(_)
            | FromGateway::Body { .. }
            | FromGateway::Wait { .. }
            | FromGateway::Credit { .. }
            | FromGateway::Here { .. } => {}
        }
    }
}

/// A ticket whose fate the queue was not told is delivered again, and its claim answered with `drop`.
fn log_queue_error(result: Result<(), TakeError>) {
    if let Err(error) = result {
        tracing::debug!(error = &error as &dyn std::error::Error, "worker.ticket.ack_lost");
    }
}
