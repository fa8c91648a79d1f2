//! Whether the gateway of a request is still there.
//!
//! It counts as lost when no newer credit has come for ten seconds in which this worker was awake and the broker
//! within reach. Deciding late is always safe: a gateway writes nothing more to its client eight seconds after it
//! sent the last credit that the worker echoed. Pure: the clock comes from outside.

use std::time::{Duration, Instant};

pub const LOST_AFTER: Duration = Duration::from_secs(10);
/// How often to check.
pub const CHECK_EVERY: Duration = Duration::from_secs(1);
/// A check that comes this long after the one before: the process was stopped, or starved.
const ASLEEP: Duration = Duration::from_secs(3);
/// After sleep or a broken link, for what has waited to arrive and for the gateway to answer.
const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct GatewayLiveness {
    last_credit: Instant,
    checked: Instant,
}

impl GatewayLiveness {
    pub const fn new(now: Instant) -> Self {
        Self { last_credit: now, checked: now }
    }

    /// A credit came that is newer than all before.
    pub fn on_credit(&mut self, now: Instant) {
        self.last_credit = now;
    }

    /// Whether the gateway is lost.
    pub fn is_lost(&mut self, now: Instant, linked: bool) -> bool {
        let slept = now.duration_since(self.checked) > ASLEEP;
        self.checked = now;
        if slept || !linked {
            let lately = now.checked_sub(LOST_AFTER.saturating_sub(GRACE)).unwrap_or(now);
            self.last_credit = self.last_credit.max(lately);
        }
        now.duration_since(self.last_credit) >= LOST_AFTER
    }
}

#[cfg(test)]
mod spec {
    use super::*;

    /// Checks once a second, from the second after `from` to `to`; the first at which the gateway is lost.
    fn lost_at(
        liveness: &mut GatewayLiveness,
        start: Instant,
        from: u64,
        to: u64,
        linked: bool,
    ) -> Option<u64> {
        (from + 1..=to).find(|s| liveness.is_lost(start + Duration::from_secs(*s), linked))
    }

    #[test]
    fn a_gateway_is_lost_after_ten_silent_seconds() {
        let start = Instant::now();
        let mut liveness = GatewayLiveness::new(start);
        assert_eq!(lost_at(&mut liveness, start, 0, 6, true), None);
        liveness.on_credit(start + Duration::from_secs(6));
        assert_eq!(lost_at(&mut liveness, start, 6, 60, true), Some(16));
    }

    #[test]
    fn a_worker_that_slept_listens_before_it_decides() {
        let start = Instant::now();
        let mut liveness = GatewayLiveness::new(start);
        let woken = start + Duration::from_secs(15);
        assert!(!liveness.is_lost(woken, true));
        assert_eq!(lost_at(&mut liveness, start, 15, 60, true), Some(18));
    }

    #[test]
    fn a_broken_link_is_not_the_gateways_silence() {
        let start = Instant::now();
        let mut liveness = GatewayLiveness::new(start);
        assert_eq!(lost_at(&mut liveness, start, 0, 100, false), None);
        assert_eq!(lost_at(&mut liveness, start, 100, 160, true), Some(103));
    }
}
