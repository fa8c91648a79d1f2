//! A request's place at its upstream: needed until the upstream has said all, and a moment longer.
//!
//! The moment is for the gateway to settle: a worker takes no more requests in than are settled. But a gateway that is
//! gone never will, and what it leaves behind may hold no place that others wait for.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use crate::ticket::Slot;

const HELD_AFTER_END: Duration = Duration::from_millis(250);

pub struct Place {
    slot: Option<Slot>,
    leaves_at: Option<Instant>,
}

impl Place {
    pub const fn new(slot: Slot) -> Self {
        Self { slot: Some(slot), leaves_at: None }
    }

    /// The upstream has said all that it had to say.
    pub fn is_done(&mut self, now: Instant) {
        self.leaves_at = self.slot.as_ref().map(|_| now + HELD_AFTER_END);
    }

    /// Returns when it is to be left. Cancel-safe.
    pub async fn due(&self) {
        match self.leaves_at {
            Some(at) => sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }

    pub fn leave(&mut self) {
        (self.slot, self.leaves_at) = (None, None);
    }
}
