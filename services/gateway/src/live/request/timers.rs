//! When things happened to a request, and when it must be over.

use std::time::Duration;

use tokio::time::Instant;
use uplion_domain::{Timestamp, request::Timings};

const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Ticks come at least once a second while a worker is at it. Who ticks this late stood still itself.
const PAUSED: Duration = Duration::from_millis(2500);

#[derive(Debug)]
pub struct Timers {
    started: Instant,
    deadline: Instant,
    ticked: Instant,
    timings: Timings,
}

impl Timers {
    pub fn new(now: Instant, deadline: Duration) -> Self {
        let timings = Timings::default();
        Self { started: now, deadline: now + deadline, ticked: now, timings }
    }

    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// When time was last looked at.
    pub const fn ticked(&self) -> Instant {
        self.ticked
    }

    /// For who waits for nothing that comes by itself.
    pub fn look_again_at(&self) -> Instant {
        self.ticked + LOOK_AGAIN
    }

    pub fn left_ms(&self, now: Instant) -> u64 {
        millis(self.deadline.saturating_duration_since(now))
    }

    /// By the wall clock of admission, moved on by the monotonic one.
    pub fn at(&self, admitted_at: Timestamp, now: Instant) -> Timestamp {
        admitted_at.plus_millis(millis(now - self.started).cast_signed())
    }

    pub fn on_assigned(&mut self, now: Instant) {
        self.ticked = now;
        self.timings.assigned.get_or_insert(micros(now - self.started));
    }

    pub fn on_chunk(&mut self, now: Instant) {
        self.timings.first_chunk.get_or_insert(micros(now - self.started));
    }

    pub fn until_now(&self, now: Instant) -> Timings {
        Timings { total: micros(now - self.started), ..self.timings }
    }

    /// For how long the gateway itself stood still, if it did.
    pub fn on_tick(&mut self, now: Instant) -> Option<Duration> {
        let since = now - std::mem::replace(&mut self.ticked, now);
        (since > PAUSED).then_some(since)
    }
}

pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
