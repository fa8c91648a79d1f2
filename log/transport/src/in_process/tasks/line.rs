//! The tickets of one model's class, in the order in which they are due.
//!
//! A ticket with a worker is one that is due when the worker has been silent for too long.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::time::Instant;

use crate::task::{ACK_WAIT, OfferError, QueueSpec, Ticket};

/// Bytes that one ticket takes here, about: ids, a name, and three places in maps.
const TICKET_BYTES: u64 = 512;

#[derive(Debug)]
pub(super) struct Line {
    last_slot: u64,
    /// Of this line and all others.
    bytes: Arc<AtomicU64>,
    waiting: HashMap<u64, Waiting>,
    /// When each is to be delivered (again), and its slot: older tickets first among those due at once.
    due: BTreeSet<(Instant, u64)>,
    /// When each is too old, and its slot.
    expires: BTreeSet<(Instant, u64)>,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    deliveries: u64,
    due: Instant,
    expires: Instant,
}

pub(super) struct Delivery {
    pub ticket: Ticket,
    pub slot: u64,
    /// 1 for the first.
    pub number: u64,
}

impl Line {
    pub fn new(bytes: &Arc<AtomicU64>) -> Self {
        Self {
            last_slot: 0,
            bytes: Arc::clone(bytes),
            waiting: HashMap::new(),
            due: BTreeSet::new(),
            expires: BTreeSet::new(),
        }
    }

    pub fn offer(
        &mut self,
        ticket: &Ticket,
        spec: &QueueSpec,
        now: Instant,
    ) -> Result<(), OfferError> {
        self.drop_expired(now);
        if self.waiting.len() as u64 >= spec.most_per_model {
            return Err(OfferError::Full(ticket.model.clone()));
        }
        if self.bytes.load(Ordering::Relaxed) + TICKET_BYTES > spec.max_bytes {
            return Err(OfferError::Unavailable("it is full".into()));
        }
        self.bytes.fetch_add(TICKET_BYTES, Ordering::Relaxed);
        self.last_slot += 1;
        let (slot, expires) = (self.last_slot, now + spec.max_age);
        self.due.insert((now, slot));
        self.expires.insert((expires, slot));
        self.waiting
            .insert(slot, Waiting { ticket: ticket.clone(), deliveries: 0, due: now, expires });
        Ok(())
    }

    /// What is due, and when the next thing will be.
    pub fn take(&mut self, most: usize, now: Instant) -> (Vec<Delivery>, Option<Instant>) {
        self.drop_expired(now);
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some((due, slot)) = self.due.first().copied()
            && due <= now
        {
            self.move_due(slot, now + ACK_WAIT);
            let waiting = self.waiting.get_mut(&slot).expect("what is due waits");
            waiting.deliveries += 1;
            let (ticket, number) = (waiting.ticket.clone(), waiting.deliveries);
            taken.push(Delivery { ticket, slot, number });
        }
        (taken, self.due.first().map(|(due, _)| *due))
    }

    pub fn done(&mut self, slot: u64) {
        if let Some(Waiting { due, expires, ticket: _, deliveries: _ }) = self.waiting.remove(&slot)
        {
            self.bytes.fetch_sub(TICKET_BYTES, Ordering::Relaxed);
            self.due.remove(&(due, slot));
            self.expires.remove(&(expires, slot));
        }
    }

    /// Of a delivery that was followed by another, this means nothing any more.
    pub fn later(&mut self, slot: u64, delivery: u64, due: Instant) {
        if self.waiting.get(&slot).is_some_and(|waiting| waiting.deliveries == delivery) {
            self.move_due(slot, due);
        }
    }

    pub fn progress(&mut self, slot: u64, delivery: u64, now: Instant) {
        self.later(slot, delivery, now + ACK_WAIT);
    }

    pub fn depth(&mut self, now: Instant) -> u64 {
        self.drop_expired(now);
        self.waiting.len() as u64
    }

    fn move_due(&mut self, slot: u64, to: Instant) {
        if let Some(waiting) = self.waiting.get_mut(&slot) {
            self.due.remove(&(waiting.due, slot));
            self.due.insert((to, slot));
            waiting.due = to;
        }
    }

    fn drop_expired(&mut self, now: Instant) {
        while let Some((expires, slot)) = self.expires.first().copied()
            && expires <= now
        {
            self.done(slot);
        }
    }
}
