//! Whether an upstream may be called now, and by how many requests at once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, futures::Notified};
use uplion_domain::worker::FailureReason;
use uplion_log_transport::claim::ReleaseReason;

use crate::backoff::Backoff;

/// What only a person can mend is tried again after so long, with one request: a key may have been paid for again,
/// a model loaded. A change of the model's registration is looked at once.
const PROBE_AFTER: Duration = Duration::from_mins(1);

/// A prompt may be forbidden, and a key may be. Of so many forbidden calls with nothing else answered between, it is the
/// key that was rejected.
const FORBIDDEN_IN_A_ROW: u32 = 3;

#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
    changed: Notify,
}

/// How an upstream is, as far as this worker knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthState {
    Up,
    /// In trouble that passes by itself: it is not called before then.
    Resting {
        until: Instant,
    },
    /// Nothing but a person can mend it.
    Down(FailureReason),
}

#[derive(Debug, Default)]
struct State {
    backoff: Backoff,
    failed: Option<Failed>,
    /// Calls that were answered with 403 since one was answered otherwise.
    forbidden: u32,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    reason: FailureReason,
    since: Instant,
}

impl Health {
    /// A call that began at `began` failed in a way that passes by itself.
    pub fn failed_for_now(
        &self,
        reason: ReleaseReason,
        retry_after: Option<Duration>,
        began: Instant,
    ) {
        let jitter = rand::random();
        self.state().backoff.failed(reason, retry_after, began, Instant::now(), jitter);
        self.changed.notify_waiters();
    }

    /// Only a person can mend it. Whether that was not known yet.
    pub fn failed(&self, reason: FailureReason) -> bool {
        let mut state = self.state();
        let is_new = state.failed.is_none_or(|failed| failed.reason != reason);
        state.failed = Some(Failed { reason, since: Instant::now() });
        self.changed.notify_waiters();
        is_new
    }

    /// A call was answered with 403. Whether it is the credential that is forbidden, by now.
    pub fn forbids(&self) -> bool {
        let mut state = self.state();
        state.forbidden = state.forbidden.saturating_add(1);
        state.forbidden >= FORBIDDEN_IN_A_ROW
    }

    /// A call that began at `began` was answered, and not forbidden.
    pub fn answered(&self, began: Instant) {
        let mut state = self.state();
        state.forbidden = 0;
        state.backoff.answered(began);
        state.failed = state.failed.filter(|failed| failed.since > began);
        if state.failed.is_none() && !state.backoff.is_probing() {
            self.changed.notify_waiters();
        }
    }

    pub fn now(&self) -> HealthState {
        let state = self.state();
        match (state.failed, state.backoff.until()) {
            (Some(failed), _) => HealthState::Down(failed.reason),
            (None, Some(until)) => HealthState::Resting { until },
            (None, None) => HealthState::Up,
        }
    }

    /// Ready when it gets better or worse from now on.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// How long not to call it.
    pub fn pause(&self) -> Option<Duration> {
        let state = self.state();
        let mended = state.failed.map(|failed| failed.since + PROBE_AFTER);
        let until = state.backoff.until().max(mended)?;
        Some(until.saturating_duration_since(Instant::now())).filter(|pause| !pause.is_zero())
    }

    /// Whether one call should go ahead to see, before others follow.
    pub fn is_probing(&self) -> bool {
        self.now() != HealthState::Up
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
