//! How long an upstream in trouble is left alone.
//!
//! Doubling from trouble to trouble, with jitter so that workers do not come back all at once, never less than
//! the upstream itself asked for. Pure: the clock and the dice come from outside.

use std::time::{Duration, Instant};

use uplion_log_transport::claim::ReleaseReason;

const FIRST: Duration = Duration::from_millis(200);
/// An upstream may ask for more patience, up to this.
const MOST_ASKED: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
    /// Since when it is as it is: what began before then says nothing new.
    since: Option<Instant>,
    until: Option<Instant>,
}

impl Backoff {
    /// A call that began at `began` failed. `jitter` is between 0 and 1.
    pub fn failed(
        &mut self,
        reason: ReleaseReason,
        asked: Option<Duration>,
        began: Instant,
        now: Instant,
        jitter: f64,
    ) {
        let asked = asked.map(|asked| asked.min(MOST_ASKED));
        if self.since.is_some_and(|since| began < since) {
            // One of many that were under way together: they count as one, but what is asked for holds.
            self.until = self.until.max(asked.map(|asked| now + asked));
            return;
        }
        let pause = FIRST.saturating_mul(1 << self.failures.min(16)).min(longest(reason));
        let pause =
            pause.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0).max(asked.unwrap_or_default());
        self.failures = self.failures.saturating_add(1);
        self.since = Some(now);
        self.until = Some(now + pause);
    }

    /// Whether what begins at `began` may say that it is over.
    pub fn is_before(&self, began: Instant) -> bool {
        self.since.is_none_or(|since| began >= since)
    }

    /// Not before then; now, if it has passed.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }
}

/// A server without room is asked rarely; one that fails a request may well serve the next.
const fn longest(reason: ReleaseReason) -> Duration {
    match reason {
        ReleaseReason::Busy => Duration::from_secs(20),
        ReleaseReason::UpstreamFailed | ReleaseReason::TimedOut => Duration::from_secs(2),
        ReleaseReason::Unreachable => Duration::from_secs(5),
        ReleaseReason::WorkerFailed | ReleaseReason::NoneLeft | ReleaseReason::Draining => {
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod spec {
    use super::*;

    const BUSY: ReleaseReason = ReleaseReason::Busy;

    fn pause(backoff: &Backoff, now: Instant) -> Duration {
        backoff.until().unwrap() - now
    }

    #[test]
    fn each_trouble_doubles_the_pause_up_to_a_bound() {
        let (mut backoff, mut now) = (Backoff::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..10 {
            backoff.failed(ReleaseReason::UpstreamFailed, None, now, now, 1.0);
            pauses.push(pause(&backoff, now).as_millis());
            now = backoff.until().unwrap();
        }
        assert_eq!(pauses[..5], [200, 400, 800, 1600, 2000]);
        assert_eq!(pauses[9], 2000);
    }

    #[test]
    fn calls_that_fail_together_count_once() {
        let (mut backoff, began) = (Backoff::default(), Instant::now());
        let now = began + Duration::from_millis(10);
        for _ in 0..64 {
            backoff.failed(BUSY, None, began, now, 1.0);
        }
        assert_eq!(pause(&backoff, now), FIRST);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        backoff.failed(BUSY, None, now, now, 0.0);
        assert_eq!(pause(&backoff, now), FIRST / 2);
    }

    #[test]
    fn what_the_upstream_asks_for_holds_within_reason() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        backoff.failed(BUSY, Some(Duration::from_secs(3)), now, now, 0.0);
        assert_eq!(pause(&backoff, now), Duration::from_secs(3));
        let now = now + Duration::from_secs(3);
        backoff.failed(BUSY, Some(Duration::from_hours(24)), now, now, 0.0);
        assert_eq!(pause(&backoff, now), MOST_ASKED);
    }

    #[test]
    fn what_was_asked_before_the_trouble_says_nothing_of_its_end() {
        let (mut backoff, before) = (Backoff::default(), Instant::now());
        assert!(backoff.is_before(before));
        let now = before + Duration::from_secs(1);
        backoff.failed(BUSY, None, before, now, 1.0);
        assert!(!backoff.is_before(before));
        assert!(backoff.is_before(now));
    }
}
