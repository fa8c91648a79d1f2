//! One ticket, from the queue to where it goes: done, or back for somebody else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uplion_domain::Usage;
use uplion_log_transport::{
    claim::{AcceptedEvent, AttemptReport, FromGateway, FromWorker, Go},
    task::{Receipt, TakeError, Taken, Ticket},
};

use crate::{
    claim::{self, ClaimReply},
    clock::Clock,
    gateways::{ClaimChannel, Gateways},
    job::{Job, JobOutcome, Released},
    metrics::{Metrics, TaskOutcome},
    settlement::Settlements,
    upstream::Upstream,
};

/// A claim that nobody answers settles nothing: its gateway may be back, or out of reach from here only.
const RETRY_UNANSWERED: Duration = Duration::from_secs(5);
const RELEASE_EVERY: Duration = Duration::from_secs(1);
const RELEASE_TIMES: u32 = 3;

/// Works on tickets.
pub struct Tickets {
    pub gateways: Arc<Gateways>,
    pub settlements: Settlements,
    pub metrics: Metrics,
    pub clock: Clock,
    /// Ends the patience of a worker that is stopping.
    pub release_now: CancellationToken,
}

/// One ticket that is being worked on.
struct TicketRun<'a> {
    tickets: &'a Tickets,
    upstream: Arc<Upstream>,
    channel: ClaimChannel,
    receipt: Box<dyn Receipt>,
}

impl Tickets {
    pub async fn run(&self, upstream: Arc<Upstream>, taken: Taken) {
        let Taken { ticket, delivery, receipt } = taken;
        let channel = self.gateways.claim(&ticket);
        let mut run = TicketRun { tickets: self, upstream, channel, receipt };
        match claim::ask(&mut run.channel, delivery).await {
            ClaimReply::Go(go) => run.work(*go).await,
            ClaimReply::Wait(delay) => run.put_back(delay, TaskOutcome::Waited).await,
            ClaimReply::Drop => run.done(TaskOutcome::Dropped).await,
            ClaimReply::Unanswered => run.unanswered(&ticket).await,
        }
    }
}

impl TicketRun<'_> {
    async fn work(mut self, go: Go) {
        let accepted = go.accepted.clone();
        let Self { tickets, upstream, channel, receipt } = &mut self;
        let mut job = Job::new(channel, upstream, receipt.as_ref(), go);
        match job.run(&tickets.release_now).await {
            JobOutcome::Closed(end) => {
                self.done(end.map_or(TaskOutcome::Dropped, TaskOutcome::from)).await;
            }
            JobOutcome::Released(released) => self.release(released).await,
            JobOutcome::GatewayLost { delivered, attempt, until } => {
                if self.settle(&accepted, delivered, attempt, until).await {
                    self.done(TaskOutcome::GatewayLost).await;
                } else {
                    self.count(TaskOutcome::Abandoned);
                }
            }
            JobOutcome::Abandoned => self.count(TaskOutcome::Abandoned),
        }
    }

    /// Whether it could settle in the gateway's place.
    async fn settle(
        &self,
        accepted: &AcceptedEvent,
        delivered: Usage,
        attempt: Option<AttemptReport>,
        until: Instant,
    ) -> bool {
        match accepted.read() {
            Ok(accepted) => {
                self.tickets.settlements.gateway_lost(&accepted, delivered, attempt, until).await
            }
            Err(error) => {
                let gateway = &self.channel.gateway;
                tracing::error!(error = &error as &dyn std::error::Error, %gateway, "worker.settlement.unreadable");
                false
            }
        }
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

    async fn unanswered(&self, ticket: &Ticket) {
        if (self.tickets.clock)() > ticket.deadline {
            self.done(TaskOutcome::Unanswered).await;
        } else {
            self.put_back(RETRY_UNANSWERED, TaskOutcome::Unanswered).await;
        }
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
        self.tickets.metrics.count(&self.upstream.model, outcome);
    }
}

async fn release_heard(channel: &mut ClaimChannel) {
    loop {
        match channel.recv().await {
            FromGateway::Settled { .. } | FromGateway::Drop { .. } => return,
            FromGateway::Go(_)
            | FromGateway::Body { .. }
            | FromGateway::Wait { .. }
            | FromGateway::Credit { .. } => {}
        }
    }
}

/// A ticket whose fate the queue was not told is delivered again, and its claim answered with `drop`.
fn log_queue_error(result: Result<(), TakeError>) {
    if let Err(error) = result {
        tracing::debug!(error = &error as &dyn std::error::Error, "worker.ticket.ack_lost");
    }
}
