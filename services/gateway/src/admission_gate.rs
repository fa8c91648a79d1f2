//! What keeps the whole gateway from admitting: it is stopping, it hears no workers, the log is nearly full.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

/// Pings in a row that did not come back, after which nobody is admitted.
const MISSES: u32 = 3;
/// And after which the gateway is not ready: for less, its load balancer would lose all gateways at once when the
/// broker is slow for all, and their clients would have no answer at all.
const MISSES_FOR_LONG: u32 = 20;

#[derive(Debug, Default)]
pub struct AdmissionGate {
    closing: AtomicBool,
    listening: AtomicBool,
    log_full: AtomicBool,
    ensured: AtomicBool,
    /// Pings to itself that did not come back, since the last that did.
    missed: AtomicU32,
    /// Why streams and queue cannot be made.
    unmade: Mutex<Option<String>>,
}

impl AdmissionGate {
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
    }

    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// One more ping is under way. Whether so many have not come back that it counts as deaf from now on.
    pub fn has_pinged(&self) -> bool {
        self.missed.fetch_add(1, Ordering::Relaxed) == MISSES
    }

    pub fn heard_itself(&self) {
        self.missed.store(0, Ordering::Relaxed);
    }

    /// Answers of workers may not reach it.
    pub fn is_deaf(&self) -> bool {
        self.missed.load(Ordering::Relaxed) > MISSES
    }

    pub fn is_deaf_for_long(&self) -> bool {
        self.missed.load(Ordering::Relaxed) > MISSES_FOR_LONG
    }

    pub fn set_log_full(&self, full: bool) {
        self.log_full.store(full, Ordering::Relaxed);
    }

    pub fn is_log_full(&self) -> bool {
        self.log_full.load(Ordering::Relaxed)
    }

    /// Whether streams and queue were there when this gateway last looked.
    pub fn set_ensured(&self, ensured: bool) {
        self.ensured.store(ensured, Ordering::Relaxed);
    }

    pub fn set_unmade(&self, why: Option<String>) {
        *self.unmade.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub fn why_unmade(&self) -> Option<String> {
        self.unmade.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn is_ensured(&self) -> bool {
        self.ensured.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_pings_that_do_not_come_back_close_the_door_and_one_that_does_opens_it() {
        let gate = AdmissionGate::default();
        for _ in 0..MISSES {
            assert!(!gate.has_pinged());
        }
        assert!(!gate.is_deaf(), "the third may be on its way");
        assert!(gate.has_pinged() && gate.is_deaf() && !gate.is_deaf_for_long());
        for _ in MISSES..MISSES_FOR_LONG {
            assert!(!gate.has_pinged(), "it is told once");
        }
        assert!(gate.is_deaf_for_long());
        gate.heard_itself();
        assert!(!gate.is_deaf() && !gate.is_deaf_for_long());
    }
}
