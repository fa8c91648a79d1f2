//! How an upstream is: up, resting for a while, or down until a person has mended it.
//!
//! No request's failure takes it from others. What nobody's request can bring on (it cannot be connected to) rests it at
//! once; of all else the worker makes sure by asking itself, once enough failed alike. It comes back the same way: the
//! worker asks, and no request is risked.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::timeout_at,
};
use uplion_domain::worker::FailureReason;
use uplion_log_transport::claim::{ReleaseReason, UpstreamWords};

use super::suspicion::{Asker, Suspicion, Symptom};
use crate::backoff::Backoff;

/// Between two checks of an upstream that turned out to be well: clients whose requests it rightly refuses, one after
/// another, shall not have it asked each time.
const CHECKS_APART: Duration = Duration::from_secs(5);
/// What only a person can mend is looked at again after so long, and then after twice as long each time: a key may
/// have been paid for again, a model loaded. A change of the model's registration is looked at once.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN_AT_MOST: Duration = Duration::from_mins(2);

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
        reason: ReleaseReason,
        until: Instant,
    },
    /// Nothing but a person can mend it.
    Down(FailureReason),
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Well,
    /// It passes by itself.
    Resting {
        reason: ReleaseReason,
        retry_after: Option<Duration>,
    },
    NeedsPerson(FailureReason),
}

/// What a check has to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Whether it is there at all.
    Reach,
    /// Whether it answers.
    Answer,
}

#[derive(Debug, Default)]
struct State {
    condition: Condition,
    /// Of the rests, one after the other.
    backoff: Backoff,
    suspicion: Suspicion,
    /// Whether there is cause for a check.
    suspected: bool,
    checked: Option<Instant>,
    /// Whether it has ever answered.
    proven: bool,
    /// What it said when it failed last.
    words: Option<UpstreamWords>,
}

#[derive(Debug, Default)]
enum Condition {
    #[default]
    Up,
    Resting(ReleaseReason),
    Down {
        reason: FailureReason,
        looked_at: Instant,
        look_after: Duration,
    },
}

impl Health {
    /// A call that began at `began` was not even connected.
    pub fn unreachable(&self, began: Instant) {
        let mut state = self.state();
        match state.condition {
            Condition::Up | Condition::Resting(_) => {
                state.rest(ReleaseReason::Unreachable, None, began);
            }
            Condition::Down { .. } => {}
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A request failed. Perhaps it is the upstream's fault.
    pub fn suspect(&self, symptom: Symptom, asker: Asker, words: Option<&UpstreamWords>) {
        let mut state = self.state();
        let is_enough = state.suspicion.note(symptom, asker);
        let is_for_sure = matches!(symptom, Symptom::NeedsPerson(_));
        state.suspected |= is_enough || is_for_sure;
        if words.is_some() {
            state.words = words.cloned();
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A call that began at `began` was answered.
    pub fn answered(&self, began: Instant) {
        let mut state = self.state();
        state.proven = true;
        state.suspicion.clear();
        state.suspected = false;
        let (is_new, is_up) = match state.condition {
            Condition::Up => (true, true),
            Condition::Resting(_) => (state.backoff.is_before(began), false),
            Condition::Down { looked_at, .. } => (began > looked_at, false),
        };
        if is_new && !is_up {
            state.is_up();
            self.changed.notify_waiters();
        }
    }

    /// A check that began at `began` found this. Whether a person must be told.
    pub fn checked(&self, verdict: Verdict, began: Instant) -> bool {
        let mut state = self.state();
        state.checked = Some(Instant::now());
        state.suspected = false;
        state.suspicion.clear();
        let tells_person = match verdict {
            Verdict::Well => {
                state.is_up();
                false
            }
            Verdict::Resting { reason, retry_after } => {
                state.rest(reason, retry_after, began);
                false
            }
            Verdict::NeedsPerson(reason) => state.needs_person(reason),
        };
        drop(state);
        self.changed.notify_waiters();
        tells_person
    }

    /// Returns when it is time for a check, and which.
    pub async fn check_is_due(&self) -> Check {
        loop {
            let changed = self.changed.notified();
            let (due, check) = self.state().next_check();
            match due {
                Some(due) if due <= Instant::now() => return check,
                Some(due) => drop(timeout_at(due.into(), changed).await),
                None => changed.await,
            }
        }
    }

    /// Ready when it gets better or worse from now on.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub fn now(&self) -> HealthState {
        let state = self.state();
        match state.condition {
            Condition::Up => HealthState::Up,
            Condition::Resting(reason) => {
                let until = state.backoff.until().unwrap_or_else(Instant::now);
                HealthState::Resting { reason, until }
            }
            Condition::Down { reason, .. } => HealthState::Down(reason),
        }
    }

    pub fn is_up(&self) -> bool {
        self.now() == HealthState::Up
    }

    /// Whether it has ever answered anybody.
    pub fn is_proven(&self) -> bool {
        self.state().proven
    }

    /// What whoever would have called it is told, while it rests. What only a person can mend is nobody's business.
    pub fn words(&self) -> Option<UpstreamWords> {
        let state = self.state();
        let until = match state.condition {
            Condition::Resting(_) => state.backoff.until()?,
            Condition::Up | Condition::Down { .. } => return None,
        };
        let left = until.saturating_duration_since(Instant::now());
        let retry_after_s = u32::try_from(left.as_millis().div_ceil(1000).max(1)).ok();
        Some(UpstreamWords { retry_after_s, ..state.words.clone()? })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_up(&mut self) {
        self.condition = Condition::Up;
        self.backoff = Backoff::default();
        self.words = None;
    }

    fn rest(&mut self, reason: ReleaseReason, retry_after: Option<Duration>, began: Instant) {
        self.condition = Condition::Resting(reason);
        self.backoff.failed(reason, retry_after, began, Instant::now(), rand::random());
    }

    fn needs_person(&mut self, reason: FailureReason) -> bool {
        let (known, look_after) = match self.condition {
            Condition::Down { reason: known, look_after, .. } => {
                (Some(known), (look_after * 2).min(LOOK_AGAIN_AT_MOST))
            }
            Condition::Up | Condition::Resting(_) => (None, LOOK_AGAIN),
        };
        self.condition = Condition::Down { reason, looked_at: Instant::now(), look_after };
        known != Some(reason)
    }

    fn next_check(&self) -> (Option<Instant>, Check) {
        match self.condition {
            Condition::Up if self.suspected => {
                let now = Instant::now();
                let due = self.checked.map_or(now, |checked| checked + CHECKS_APART);
                (Some(due), Check::Answer)
            }
            Condition::Up => (None, Check::Answer),
            Condition::Resting(ReleaseReason::Unreachable) => (self.backoff.until(), Check::Reach),
            Condition::Resting(_) => (self.backoff.until(), Check::Answer),
            Condition::Down { looked_at, look_after, .. } => {
                (Some(looked_at + look_after), Check::Answer)
            }
        }
    }
}

#[cfg(test)]
mod spec;
