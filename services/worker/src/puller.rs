//! Takes the tickets of one model for one upstream: never more than it has slots free, none while it is left alone.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uplion_domain::{ModelName, model, request::Class, worker::FailureReason};
use uplion_log_transport::task::{Queue, Taken};

use crate::{
    context::Context,
    metrics::ModelLabels,
    shares::{Membership, Shares},
    ticket,
    upstream::Upstream,
};

/// Tickets that are asked for at once.
const MOST_AT_ONCE: usize = 64;
const TAKE_AGAIN: Duration = Duration::from_secs(1);
/// For a ticket that came when the upstream had just got into trouble, or when its slot was just taken.
const TOO_LATE: Duration = Duration::from_millis(100);
/// A misconfigured upstream is set up again so often, besides each time that its registration changes.
const SET_UP_AGAIN: Duration = Duration::from_mins(1);

pub struct Puller {
    pub context: Arc<Context>,
    pub model: ModelName,
    pub upstream: model::Upstream,
    /// Of all upstreams of the model.
    pub shares: Arc<Shares<Upstream>>,
    /// Ends the taking of tickets.
    pub stop: CancellationToken,
    /// Ends the patience with those that were taken.
    pub hand_back: CancellationToken,
    pub tracker: TaskTracker,
}

impl Puller {
    pub async fn run(self) {
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.pull() => {}
        }
    }

    async fn pull(&self) {
        let upstream = self.set_up().await;
        let slots = usize::try_from(self.upstream.max_in_flight).unwrap_or(usize::MAX);
        let slots = Arc::new(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS)));
        let mut queue = self.queue().await;
        let share = self.shares.join(&upstream, &slots, self.upstream.weight);
        loop {
            if let Some(pause) = upstream.health.pause() {
                sleep(pause).await;
                continue;
            }
            let doubtful = upstream.health.is_doubtful();
            let free = free_slots(&slots, if doubtful { 1 } else { MOST_AT_ONCE }).await;
            if upstream.health.pause().is_some() {
                continue;
            }
            let news = upstream.health.news();
            let most = free.len();
            share.hold(free);
            let taken = queue.take(most).await;
            let started = match taken {
                Ok(taken) => self.start(&upstream, taken, &share).await,
                Err(error) => {
                    self.context.metrics.take_errors.inc();
                    tracing::warn!(%error, model = %self.model, "no tickets can be taken");
                    sleep(TAKE_AGAIN).await;
                    None
                }
            };
            share.withdraw();
            if let Some(probe) = started.filter(|_| doubtful) {
                // One call goes ahead; how it fares decides.
                tokio::select! {
                    _ = probe => {}
                    () = news => {}
                }
            }
        }
    }

    /// Gives the last of the tasks that were started.
    async fn start(
        &self,
        upstream: &Arc<Upstream>,
        taken: Vec<Taken>,
        share: &Membership<Upstream>,
    ) -> Option<JoinHandle<()>> {
        let mut started = None;
        for taken in taken {
            // One that is in doubt is tried with what it took itself, and takes nothing of the others'.
            let doubtful = upstream.health.is_doubtful();
            let fit = |other: &Upstream| {
                !doubtful && other.health.pause().is_none() && !other.health.is_doubtful()
            };
            let turn = if upstream.health.pause().is_some() { None } else { share.turn(fit) };
            let Some((upstream, slot)) = turn else {
                if let Err(error) = taken.receipt.later(TOO_LATE).await {
                    tracing::debug!(%error, "a ticket was not given back");
                }
                continue;
            };
            let context = Arc::clone(&self.context);
            let hand_back = self.hand_back.clone();
            let running =
                context.metrics.running.get_or_create_owned(&ModelLabels::of(&self.model));
            running.inc();
            started = Some(self.tracker.spawn(async move {
                ticket::serve(context, upstream, taken, hand_back).await;
                running.dec();
                drop(slot);
            }));
        }
        started
    }

    /// An upstream whose settings make no sense, or whose credential is not there, takes no tickets.
    async fn set_up(&self) -> Arc<Upstream> {
        let mut told = false;
        loop {
            let secrets = &self.context.secrets;
            match Upstream::new(self.model.clone(), &self.upstream, secrets) {
                Ok(upstream) => return Arc::new(upstream),
                Err(error) => {
                    tracing::error!(model = %self.model, "upstream cannot be used: {error:#}");
                    if !told {
                        self.context.failed(&self.model, FailureReason::ConfigurationError);
                        told = true;
                    }
                }
            }
            sleep(SET_UP_AGAIN).await;
        }
    }

    async fn queue(&self) -> Box<dyn Queue> {
        loop {
            match self.context.log.tasks.queue(&self.model, Class::Interactive).await {
                Ok(queue) => return queue,
                Err(error) => {
                    tracing::warn!(%error, model = %self.model, "the queue cannot be had yet");
                }
            }
            sleep(TAKE_AGAIN).await;
        }
    }
}

/// One slot at least, and those that are free besides.
async fn free_slots(slots: &Arc<Semaphore>, most: usize) -> Vec<OwnedSemaphorePermit> {
    let slot = || Arc::clone(slots);
    let first = slot().acquire_owned().await.expect("nobody closes the semaphore");
    let more = std::iter::from_fn(|| slot().try_acquire_owned().ok());
    std::iter::once(first).chain(more.take(most - 1)).collect()
}
