//! Takes the tickets of one model for one upstream: never more than it has slots free, none while it is left alone.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uplion_domain::{request::Class, worker::FailureReason};
use uplion_log_transport::task::{Queue, Taken, Tasks};

use crate::{
    metrics::{Metrics, ModelLabels},
    served::ServedUpstream,
    ticket::Tickets,
    upstream::{Upstream, UpstreamParts},
    weighted_balancer::{Membership, WeightedBalancer},
};

/// Tickets that are asked for at once.
const MAX_PER_TAKE: usize = 64;
const RETRY_TAKE: Duration = Duration::from_secs(1);
/// For a ticket that came when the upstream had just got into trouble, or when its slot was just taken.
const RETURN_DELAY: Duration = Duration::from_millis(100);
/// A misconfigured upstream is set up again so often, besides each time that its registration changes.
const RETRY_SET_UP: Duration = Duration::from_mins(1);

pub struct Puller {
    pub parts: Arc<PullerParts>,
    pub served: ServedUpstream,
    /// Of all upstreams of the model.
    pub balancer: Arc<WeightedBalancer<Upstream>>,
}

/// What all pullers of a worker share.
pub struct PullerParts {
    pub tasks: Arc<dyn Tasks>,
    pub upstreams: UpstreamParts,
    pub tickets: Arc<Tickets>,
    pub metrics: Metrics,
    /// Pullers, and the tickets that they have taken.
    pub running: TaskTracker,
}

impl Puller {
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.pull() => {}
        }
    }

    async fn pull(&self) {
        let upstream = self.set_up().await;
        let settings = &self.served.upstream;
        let slots = usize::try_from(settings.max_in_flight).unwrap_or(usize::MAX);
        let slots = Arc::new(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS)));
        let mut queue = self.queue().await;
        let membership = self.balancer.join(&upstream, &slots, settings.weight);
        self.parts.upstreams.events.ready(&self.served.model);
        loop {
            if let Some(pause) = upstream.health.pause() {
                sleep(pause).await;
                continue;
            }
            let probing = upstream.health.is_probing();
            let free = free_slots(&slots, if probing { 1 } else { MAX_PER_TAKE }).await;
            if upstream.health.pause().is_some() {
                continue;
            }
            let changed = upstream.health.changed();
            let taken = self.take(&mut queue, &membership, free).await;
            let started = self.start(&upstream, taken, &membership).await;
            membership.withdraw();
            if let Some(probe) = started.filter(|_| probing) {
                // One call goes ahead; how it fares decides.
                tokio::select! {
                    _ = probe => {}
                    () = changed => {}
                }
            }
        }
    }

    /// Tickets for the free slots, which the model's other upstreams may use until they come.
    async fn take(
        &self,
        queue: &mut Box<dyn Queue>,
        membership: &Membership<Upstream>,
        free: Vec<OwnedSemaphorePermit>,
    ) -> Vec<Taken> {
        let most = free.len();
        membership.hold(free);
        match queue.take(most).await {
            Ok(taken) => taken,
            Err(error) => {
                self.parts.metrics.take_errors.inc();
                tracing::warn!(error = &error as &dyn std::error::Error, model = %self.served.model, "worker.tickets.unavailable");
                sleep(RETRY_TAKE).await;
                Vec::new()
            }
        }
    }

    /// Gives the last of the tickets that were started.
    async fn start(
        &self,
        upstream: &Arc<Upstream>,
        taken: Vec<Taken>,
        membership: &Membership<Upstream>,
    ) -> Option<JoinHandle<()>> {
        let mut started = None;
        for taken in taken {
            match pick(upstream, membership) {
                Some((upstream, slot)) => started = Some(self.spawn(upstream, slot, taken)),
                None => {
                    if let Err(error) = taken.receipt.later(RETURN_DELAY).await {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "worker.ticket.ack_lost"
                        );
                    }
                }
            }
        }
        started
    }

    fn spawn(
        &self,
        upstream: Arc<Upstream>,
        slot: OwnedSemaphorePermit,
        taken: Taken,
    ) -> JoinHandle<()> {
        let PullerParts { tickets, metrics, running: tasks, .. } = self.parts.as_ref();
        let tickets = Arc::clone(tickets);
        let labels = ModelLabels::of(&self.served.model);
        let running = metrics.running.get_or_create_owned(&labels);
        running.inc();
        tasks.spawn(async move {
            tickets.run(upstream, taken).await;
            running.dec();
            drop(slot);
        })
    }

    /// An upstream whose settings make no sense, or whose credential is not there, takes no tickets.
    async fn set_up(&self) -> Arc<Upstream> {
        let mut reported = false;
        loop {
            match Upstream::new(&self.served, &self.parts.upstreams) {
                Ok(upstream) => return Arc::new(upstream),
                Err(error) => {
                    let model = &self.served.model;
                    let error = AsRef::<dyn std::error::Error + Send + Sync>::as_ref(&error);
                    tracing::error!(error = error as &dyn std::error::Error, %model, "worker.upstream.unusable");
                    if !reported {
                        let reason = FailureReason::ConfigurationError;
                        self.parts.upstreams.events.failed(model, reason);
                        reported = true;
                    }
                }
            }
            sleep(RETRY_SET_UP).await;
        }
    }

    async fn queue(&self) -> Box<dyn Queue> {
        let model = &self.served.model;
        loop {
            match self.parts.tasks.queue(model, Class::Interactive).await {
                Ok(queue) => return queue,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, %model, "worker.queue.unavailable");
                }
            }
            sleep(RETRY_TAKE).await;
        }
    }
}

/// Who serves the next ticket that the puller of `own` has taken, with a slot there. One that is on probation is tried
/// with what it took itself, and takes nothing of the others'.
fn pick(
    own: &Upstream,
    membership: &Membership<Upstream>,
) -> Option<(Arc<Upstream>, OwnedSemaphorePermit)> {
    if own.health.pause().is_some() {
        return None;
    }
    let probing = own.health.is_probing();
    membership.pick(|other: &Upstream| {
        !probing && other.health.pause().is_none() && !other.health.is_probing()
    })
}

/// One slot at least, and those that are free besides.
async fn free_slots(slots: &Arc<Semaphore>, most: usize) -> Vec<OwnedSemaphorePermit> {
    let slot = || Arc::clone(slots);
    let first = slot().acquire_owned().await.expect("nobody closes the semaphore");
    let more = std::iter::from_fn(|| slot().try_acquire_owned().ok());
    std::iter::once(first).chain(more.take(most - 1)).collect()
}
