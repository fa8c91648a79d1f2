//! Takes the tickets of one model for one upstream: never more than it has slots free.
//!
//! While none of the model's upstreams may be called it takes one now and then, so that whoever waits hears why.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uplion_domain::{request::Class, worker::FailureReason};
use uplion_log_transport::task::{Queue, Taken, Tasks};

use crate::{
    metrics::{Metrics, ModelLabels},
    presence::{Place, Places},
    served::ServedUpstream,
    ticket::{Slot, Tickets},
    upstream::{Upstream, UpstreamParts},
    weighted_balancer::{Membership, WeightedBalancer},
};

/// Tickets that are asked for at once.
const MAX_PER_TAKE: usize = 64;
const RETRY_TAKE: Duration = Duration::from_secs(1);
/// For a ticket that came when its slot was just taken.
const RETURN_DELAY: Duration = Duration::from_millis(100);
/// So often one is taken for which there is no upstream. Other workers may have one, and take all others.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// A misconfigured upstream is set up again so often, besides each time that its registration changes.
const RETRY_SET_UP: Duration = Duration::from_mins(1);

pub struct Puller {
    pub parts: Arc<PullerParts>,
    pub served: ServedUpstream,
    /// Of all upstreams of the model.
    pub balancer: Arc<WeightedBalancer<Upstream>>,
    /// What it is at, for whoever asks.
    pub place: Arc<Place>,
}

/// What all pullers of a worker share.
pub struct PullerParts {
    pub tasks: Arc<dyn Tasks>,
    pub upstreams: UpstreamParts,
    pub tickets: Arc<Tickets>,
    pub metrics: Metrics,
    pub places: Places,
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
        upstream.publish_health();
        self.place.runs(&upstream);
        tokio::select! {
            never = upstream.keep_checking() => match never {},
            never = self.keep_taking(&upstream, &slots, &membership, &mut queue) => match never {},
        }
    }

    async fn keep_taking(
        &self,
        upstream: &Arc<Upstream>,
        slots: &Arc<Semaphore>,
        membership: &Membership<Upstream>,
        queue: &mut Box<dyn Queue>,
    ) -> Infallible {
        loop {
            let free = if upstream.health.is_up() {
                free_slots(slots, MAX_PER_TAKE).await
            } else {
                let changed = upstream.health.changed();
                let _ = timeout(TELL_EVERY, changed).await;
                Vec::new()
            };
            let is_up = upstream.health.is_up();
            // It came back, or got into trouble, or the model's others serve: those have pullers of their own.
            if is_up == free.is_empty() || !is_up && membership.balancer().has(is_callable) {
                continue;
            }
            let taken = self.take(queue, membership, free).await;
            self.start(taken, membership).await;
            membership.withdraw();
        }
    }

    /// Tickets for the free slots, which the model's other upstreams may use until they come; without any, one.
    async fn take(
        &self,
        queue: &mut Box<dyn Queue>,
        membership: &Membership<Upstream>,
        free: Vec<OwnedSemaphorePermit>,
    ) -> Vec<Taken> {
        let most = free.len().max(1);
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

    async fn start(&self, taken: Vec<Taken>, membership: &Membership<Upstream>) {
        let balancer = membership.balancer();
        for taken in taken {
            let slot = balancer.pick(is_callable).map(Slot::from);
            if slot.is_some() || !balancer.has(is_callable) {
                self.spawn(slot, taken, balancer);
            } else if let Err(error) = taken.receipt.later(RETURN_DELAY).await {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "worker.ticket.ack_lost");
            }
        }
    }

    fn spawn(&self, slot: Option<Slot>, taken: Taken, balancer: &Arc<WeightedBalancer<Upstream>>) {
        let PullerParts { tickets, metrics, running: tasks, .. } = self.parts.as_ref();
        let (tickets, balancer) = (Arc::clone(tickets), Arc::clone(balancer));
        let labels = ModelLabels::of(&self.served.model);
        let running = metrics.running.get_or_create_owned(&labels);
        running.inc();
        tasks.spawn(async move {
            tickets.run(slot, &balancer, taken).await;
            running.dec();
        });
    }

    /// An upstream whose settings make no sense, or whose credential is not there, takes no tickets.
    async fn set_up(&self) -> Arc<Upstream> {
        let mut reported = false;
        loop {
            match Upstream::new(&self.served, &self.parts.upstreams) {
                Ok(upstream) => return Arc::new(upstream),
                Err(error) => {
                    let model = &self.served.model;
                    self.place.is_unusable(format!("its settings cannot be used: {error:#}"));
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

fn is_callable(upstream: &Upstream) -> bool {
    upstream.health.is_up()
}

/// One slot at least, and those that are free besides.
async fn free_slots(slots: &Arc<Semaphore>, most: usize) -> Vec<OwnedSemaphorePermit> {
    let slot = || Arc::clone(slots);
    let first = slot().acquire_owned().await.expect("nobody closes the semaphore");
    let more = std::iter::from_fn(|| slot().try_acquire_owned().ok());
    std::iter::once(first).chain(more.take(most - 1)).collect()
}
