//! Who may have a request that an upstream failed, when, and when it has been tried for long enough.
//!
//! Every other upstream of the model comes before the same one again: workers are told which have had it, and one that
//! has no other says so. Once that is all that is said, those that may do better the next time have it again after a
//! pause, or after as long as they asked for. The upstreams' own time is not counted. Pure: the clock comes from outside.

use std::time::Duration;

use tokio::time::Instant;
use uplion_domain::{WorkerId, model::UpstreamId};
use uplion_log_transport::claim::{AttemptReport, ReleaseReason, UpstreamWords};

use crate::options::RetryLimits;

/// A worker that has no other upstream is asked again so soon, so that the ticket comes by others in between.
const ASK_OTHERS: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Retries {
    /// Of the request: nothing is waited for beyond it.
    deadline: Instant,
    /// Calls of upstreams that failed.
    failed: u32,
    tried: Vec<UpstreamId>,
    /// Workers that have no other upstream.
    none_left: Vec<WorkerId>,
    trouble: Option<Trouble>,
    /// Of the last upstream that said anything.
    words: Option<UpstreamWords>,
    /// Since when it waits, once there was trouble.
    waiting_since: Option<Instant>,
    /// Before that.
    waited: Duration,
    /// When whoever could do better was asked for last.
    asked_at: Option<Instant>,
    again: Again,
}

/// Whether those that had it may have it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    NotYet,
    From(Instant),
    /// They could, and nobody would.
    Refused,
}

/// What is known against the upstreams. What reached one says more than what did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody may be called now.
    NoneToCall,
    Unreachable,
    /// It does not serve this installation.
    Refused,
    TimedOut,
    Busy,
    Failed,
}

/// What a worker that claims is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAnswer {
    Go,
    Wait(Duration),
}

impl Retries {
    pub const fn new(deadline: Instant) -> Self {
        Self {
            deadline,
            failed: 0,
            tried: Vec::new(),
            none_left: Vec::new(),
            trouble: None,
            words: None,
            waiting_since: None,
            waited: Duration::ZERO,
            asked_at: None,
            again: Again::NotYet,
        }
    }

    /// An upstream was asked, and gave no answer that can be passed on.
    pub fn on_failed(
        &mut self,
        now: Instant,
        reason: ReleaseReason,
        report: Option<&AttemptReport>,
        words: Option<UpstreamWords>,
    ) {
        self.failed += 1;
        if let Some(upstream) = report.and_then(|report| report.upstream.clone())
            && !self.tried.contains(&upstream)
        {
            self.tried.push(upstream);
        }
        let trouble = Trouble::of(reason);
        let reached = |trouble| !matches!(trouble, Trouble::Unreachable | Trouble::NoneToCall);
        if reached(trouble) || !self.trouble.is_some_and(reached) {
            self.trouble = Some(trouble);
        }
        if words.is_some() {
            self.words = words;
        }
        self.again = Again::NotYet;
        self.wait(now);
    }

    /// A worker has no upstream that may be called for it.
    pub fn on_none_left(
        &mut self,
        now: Instant,
        worker: WorkerId,
        words: Option<UpstreamWords>,
        limits: &RetryLimits,
    ) {
        if !self.none_left.contains(&worker) {
            self.none_left.push(worker);
        }
        self.trouble.get_or_insert(Trouble::NoneToCall);
        let asked = words.as_ref().and_then(|words| words.retry_after_s);
        if self.failed == 0 && words.is_some() {
            self.words = words;
        }
        if let Again::From(_) = self.again {
            let at = now + seconds(asked);
            let in_time = asked.is_some() && at <= self.until(now, limits);
            self.again = if in_time { Again::From(at) } else { Again::Refused };
        }
        self.wait(now);
    }

    /// A worker is at it from now on.
    pub fn on_assigned(&mut self, now: Instant) {
        if let Again::From(_) = self.again {
            self.tried.clear();
            self.none_left.clear();
        }
        if let Some(since) = self.waiting_since.take() {
            self.waited += now - since;
        }
    }

    /// It waits again, through no fault of an upstream.
    pub fn on_waiting(&mut self, now: Instant) {
        if self.trouble.is_some() {
            self.wait(now);
        }
    }

    pub fn on_claim(&self, now: Instant, worker: WorkerId) -> ClaimAnswer {
        match self.again {
            Again::From(at) if at > now => ClaimAnswer::Wait(at - now),
            Again::NotYet | Again::Refused if self.none_left.contains(&worker) => {
                ClaimAnswer::Wait(ASK_OTHERS)
            }
            Again::From(_) | Again::NotYet | Again::Refused => ClaimAnswer::Go,
        }
    }

    /// Whether it has been tried for long enough. Lets the same upstreams have it again if no other will come.
    pub fn is_over(&mut self, now: Instant, limits: &RetryLimits) -> bool {
        let Some(asked_at) = self.asked_at.filter(|_| self.waiting_since.is_some()) else {
            return false;
        };
        let until = self.until(now, limits);
        if self.failed >= limits.attempts || now >= until {
            return true;
        }
        if self.none_left.is_empty() || now < asked_at + limits.others {
            return false;
        }
        match self.again {
            Again::From(_) => false,
            Again::Refused => true,
            Again::NotYet => {
                let at = self.next_call(asked_at, limits).max(now);
                self.again = Again::From(at);
                !self.may_do_better() || at > until
            }
        }
    }

    /// When [`Self::is_over`] is to be asked next.
    pub fn due(&self, limits: &RetryLimits) -> Option<Instant> {
        let asked_at = self.asked_at.filter(|_| self.waiting_since.is_some())?;
        let until = self.until(asked_at, limits);
        let others = asked_at + limits.others;
        let asks_others = !self.none_left.is_empty() && !matches!(self.again, Again::From(_));
        Some(if asks_others { others.min(until) } else { until })
    }

    pub fn tried(&self) -> Vec<UpstreamId> {
        match self.again {
            Again::From(_) => Vec::new(),
            Again::NotYet | Again::Refused => self.tried.clone(),
        }
    }

    pub const fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    pub const fn take_words(&mut self) -> Option<UpstreamWords> {
        self.words.take()
    }

    fn wait(&mut self, now: Instant) {
        self.asked_at = Some(now);
        self.waiting_since.get_or_insert(now);
    }

    /// When it has been tried for long enough, if it waits until then.
    fn until(&self, now: Instant, limits: &RetryLimits) -> Instant {
        let since = self.waiting_since.unwrap_or(now);
        (since + limits.within.saturating_sub(self.waited)).min(self.deadline)
    }

    fn next_call(&self, asked_at: Instant, limits: &RetryLimits) -> Instant {
        let doubled = 1 << self.failed.saturating_sub(1).min(8);
        let asked = self.words.as_ref().and_then(|words| words.retry_after_s);
        asked_at + limits.pause.saturating_mul(doubled).max(seconds(asked))
    }

    fn may_do_better(&self) -> bool {
        match self.trouble {
            None
            | Some(Trouble::NoneToCall | Trouble::Unreachable | Trouble::Busy | Trouble::Failed) => {
                true
            }
            Some(Trouble::Refused | Trouble::TimedOut) => false,
        }
    }
}

impl Trouble {
    const fn of(reason: ReleaseReason) -> Self {
        match reason {
            ReleaseReason::Busy => Self::Busy,
            ReleaseReason::UpstreamFailed => Self::Failed,
            ReleaseReason::TimedOut => Self::TimedOut,
            ReleaseReason::Unreachable => Self::Unreachable,
            ReleaseReason::WorkerFailed => Self::Refused,
            ReleaseReason::NoneLeft | ReleaseReason::Draining => Self::NoneToCall,
        }
    }
}

fn seconds(asked: Option<u32>) -> Duration {
    Duration::from_secs(asked.unwrap_or(0).into())
}
