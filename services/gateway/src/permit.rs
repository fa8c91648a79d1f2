//! What a request holds of its gateway from admission to its end: a place in flight, and memory for what is read of
//! its client and of its upstream.
//!
//! It travels with the request. Whoever drops it, at whatever stage and for whatever reason, gives all of it back.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

use crate::{
    memory::{HeldMemory, MemoryBudget},
    options::Bounds,
    recording::Pass,
};

/// All that a gateway has to give.
#[derive(Debug, Clone)]
pub struct Capacity {
    in_flight: Arc<InFlight>,
    bodies: Arc<MemoryBudget>,
    answers: Arc<MemoryBudget>,
}

#[derive(Debug)]
pub struct Permit {
    _place: Place,
    _pass: Pass,
    body: HeldMemory,
    answer: HeldMemory,
}

#[derive(Debug)]
struct InFlight {
    most: usize,
    count: AtomicUsize,
    idle: Notify,
}

#[derive(Debug)]
struct Place(Arc<InFlight>);

impl Capacity {
    pub fn new(bounds: &Bounds) -> Self {
        let in_flight =
            InFlight { most: bounds.in_flight, count: AtomicUsize::new(0), idle: Notify::new() };
        Self {
            in_flight: Arc::new(in_flight),
            bodies: MemoryBudget::new(bounds.bodies),
            answers: MemoryBudget::new(bounds.answers),
        }
    }

    /// None if as many are in flight as may be.
    pub fn permit(&self, pass: Pass) -> Option<Permit> {
        let (body, answer) = (self.bodies.nothing(), self.answers.nothing());
        Some(Permit { _place: self.in_flight.take_place()?, _pass: pass, body, answer })
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.count.load(Ordering::Acquire)
    }

    /// Bytes of clients' bodies.
    pub fn body_bytes(&self) -> u64 {
        self.bodies.used()
    }

    pub fn answer_bytes(&self) -> u64 {
        self.answers.used()
    }

    /// Returns once nothing is in flight.
    pub async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.in_flight.idle.notified());
            idle.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl InFlight {
    fn take_place(self: &Arc<Self>) -> Option<Place> {
        let more = |count: usize| (count < self.most).then_some(count + 1);
        let taken = self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.ok().map(|_| Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Permit {
    /// Memory for `bytes` of the body in all; false, and no change, if all bodies together would be too many.
    pub fn hold_body(&mut self, bytes: u64) -> bool {
        self.body.grow_to(bytes)
    }

    /// Nobody will ask for the body any more.
    pub fn release_body(&mut self) {
        self.body.resize(0);
    }

    /// Whether there was memory for `more` of an answer a moment ago.
    pub fn has_room_for_answer(&self, more: u64) -> bool {
        self.answer.has_room(more)
    }

    /// What of the answer is held now.
    pub fn hold_answer(&mut self, bytes: u64) {
        self.answer.resize(bytes);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn held(capacity: &Capacity) -> (usize, u64, u64) {
        (capacity.in_flight(), capacity.body_bytes(), capacity.answer_bytes())
    }

    #[test]
    fn dropping_it_at_any_stage_gives_all_of_it_back() {
        let capacity = Capacity::new(&Bounds::default());
        let stages: [fn(&mut Permit); 4] = [
            |_| {},
            |permit| assert!(permit.hold_body(10)),
            |permit| permit.hold_answer(20),
            Permit::release_body,
        ];
        for last in 0..=stages.len() {
            let mut permit = capacity.permit(Pass::default()).unwrap();
            stages[..last].iter().for_each(|stage| stage(&mut permit));
            assert_eq!(capacity.in_flight(), 1);
            drop(permit);
            assert_eq!(held(&capacity), (0, 0, 0), "after {last} stages");
        }
    }

    #[test]
    fn no_more_are_let_in_than_there_are_places() {
        let capacity = Capacity::new(&Bounds { in_flight: 2, ..Bounds::default() });
        let (first, _second) =
            (capacity.permit(Pass::default()).unwrap(), capacity.permit(Pass::default()).unwrap());
        assert!(capacity.permit(Pass::default()).is_none());
        drop(first);
        assert!(capacity.permit(Pass::default()).is_some());
    }

    #[test]
    fn it_is_idle_once_the_last_has_left() {
        let capacity = Capacity::new(&Bounds::default());
        assert!(capacity.idle().now_or_never().is_some());
        let permit = capacity.permit(Pass::default()).unwrap();
        let mut idle = std::pin::pin!(capacity.idle());
        assert!(idle.as_mut().now_or_never().is_none());
        drop(permit);
        assert!(idle.now_or_never().is_some());
    }
}
