//! The claims that were answered with `go`: how often, by whom, and what became of them.

use std::collections::VecDeque;

use uplion_domain::{ClaimId, WorkerId};
use uplion_log_transport::claim::ReleaseReason;

use super::action::EndedClaim;

/// Claims that no longer hold, whose workers may still speak.
const MOST_ENDED: usize = 16;

#[derive(Debug, Default)]
pub struct Attempts {
    given: u32,
    silent: u32,
    trouble: Option<ReleaseReason>,
    worker: Option<WorkerId>,
    ended: VecDeque<EndedClaim>,
}

impl Attempts {
    /// Its number, from 1.
    pub fn begin(&mut self, worker: WorkerId) -> u32 {
        self.given += 1;
        self.worker = Some(worker);
        self.given
    }

    pub const fn is_empty(&self) -> bool {
        self.given == 0
    }

    /// The last that was given the request.
    pub const fn worker(&self) -> Option<WorkerId> {
        self.worker
    }

    pub fn end(&mut self, ended: EndedClaim) {
        if self.ended.len() == MOST_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(ended);
    }

    pub fn ended(&self, claim: ClaimId) -> Option<EndedClaim> {
        self.ended.iter().find(|ended| ended.claim == claim).copied()
    }

    pub fn last_ended(&self) -> Option<EndedClaim> {
        self.ended.back().copied()
    }

    /// One more worker fell silent; how many have.
    pub const fn count_silent(&mut self) -> u32 {
        self.silent += 1;
        self.silent
    }

    /// Remembers the reason that says most about why nobody could serve.
    pub fn remember(&mut self, reason: ReleaseReason) {
        match reason {
            ReleaseReason::Busy => {
                self.trouble.get_or_insert(reason);
            }
            ReleaseReason::UpstreamFailed
            | ReleaseReason::Unreachable
            | ReleaseReason::WorkerFailed => self.trouble = Some(reason),
            ReleaseReason::Draining => {}
        }
    }

    pub const fn trouble(&self) -> Option<ReleaseReason> {
        self.trouble
    }
}
