//! Tickets in the memory of one process.

mod line;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use uplion_domain::{ModelName, request::Class};

use self::line::{Delivery, Line};
use crate::task::{
    OfferError, Queue, QueueSpec, Receipt, TAKE_WAIT, TakeError, Taken, Tasks, Ticket,
};

#[derive(Debug, Default)]
pub struct InProcessTasks(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    /// None until the queue is made.
    spec: Option<QueueSpec>,
    /// Of the tickets of all models.
    bytes: Arc<AtomicU64>,
    by_model: HashMap<(ModelName, Class), Arc<Shared>>,
}

/// One model's class: its tickets, and who waits for them.
#[derive(Debug)]
struct Shared {
    line: Mutex<Line>,
    offered: Notify,
}

impl InProcessTasks {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn of(&mut self, model: &ModelName, class: Class) -> Arc<Shared> {
        let Self { spec: _, bytes, by_model } = self;
        let new = || Shared { line: Mutex::new(Line::new(bytes)), offered: Notify::new() };
        Arc::clone(by_model.entry((model.clone(), class)).or_insert_with(|| Arc::new(new())))
    }
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tasks for InProcessTasks {
    async fn ensure(&self, spec: &QueueSpec) -> Result<(), TakeError> {
        self.lines().spec = Some(spec.clone());
        Ok(())
    }

    async fn offer(&self, ticket: &Ticket) -> Result<(), OfferError> {
        let (shared, spec) = {
            let mut lines = self.lines();
            let unmade = || OfferError::Unavailable("it has not been made".into());
            let spec = lines.spec.clone().ok_or_else(unmade)?;
            (lines.of(&ticket.model, ticket.class), spec)
        };
        shared.line().offer(ticket, &spec, Instant::now())?;
        shared.offered.notify_one();
        Ok(())
    }

    async fn queue(&self, model: &ModelName, class: Class) -> Result<Box<dyn Queue>, TakeError> {
        Ok(Box::new(InProcessQueue(self.lines().of(model, class))))
    }

    async fn depth(&self, model: &ModelName, class: Class) -> Result<u64, TakeError> {
        let shared = self.lines().by_model.get(&(model.clone(), class)).cloned();
        Ok(shared.map_or(0, |shared| shared.line().depth(Instant::now())))
    }
}

struct InProcessQueue(Arc<Shared>);

impl InProcessQueue {
    fn taken(&self, Delivery { ticket, slot, number: delivery }: Delivery) -> Taken {
        let receipt = Box::new(InProcessReceipt { shared: Arc::clone(&self.0), slot, delivery });
        Taken { ticket, delivery, receipt }
    }
}

#[async_trait]
impl Queue for InProcessQueue {
    async fn take(&mut self, most: usize) -> Result<Vec<Taken>, TakeError> {
        let deadline = Instant::now() + TAKE_WAIT;
        loop {
            // Waits from before it looks, so that what is offered in between is not missed.
            let offered = self.0.offered.notified();
            tokio::pin!(offered);
            offered.as_mut().enable();
            let (taken, next_due) = self.0.line().take(most, Instant::now());
            if !taken.is_empty() || most == 0 || Instant::now() >= deadline {
                return Ok(taken.into_iter().map(|delivery| self.taken(delivery)).collect());
            }
            let until = next_due.map_or(deadline, |due| due.min(deadline));
            tokio::select! {
                () = offered => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

struct InProcessReceipt {
    shared: Arc<Shared>,
    slot: u64,
    delivery: u64,
}

#[async_trait]
impl Receipt for InProcessReceipt {
    async fn done(&self) -> Result<(), TakeError> {
        self.shared.line().done(self.slot);
        Ok(())
    }

    async fn later(&self, delay: Duration) -> Result<(), TakeError> {
        self.shared.line().later(self.slot, self.delivery, Instant::now() + delay);
        // Whoever waits learns that something is due earlier than he thought.
        self.shared.offered.notify_waiters();
        Ok(())
    }

    async fn progress(&self) -> Result<(), TakeError> {
        self.shared.line().progress(self.slot, self.delivery, Instant::now());
        Ok(())
    }
}
