//! The claims that were answered with `go`: how often, by whom, and what became of them.

use std::collections::VecDeque;

use uplion_domain::{
    ClaimId, WorkerId,
    request::{Attempt, AttemptOutcome, MAX_ATTEMPTS, ServiceTier},
};
use uplion_log_transport::claim::AttemptReport;

use super::action::EndedClaim;

/// Claims that no longer hold, whose workers may still speak.
const MOST_ENDED: usize = 16;

#[derive(Debug, Default)]
pub struct Attempts {
    given: u32,
    silent: u32,
    worker: Option<WorkerId>,
    ended: VecDeque<EndedClaim>,
    /// At most [`MAX_ATTEMPTS`]. Of more the last takes the place of the one before it.
    reports: Vec<Attempt>,
    /// Of the last report.
    service_tier: Option<ServiceTier>,
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

    /// What the worker says of its attempt.
    pub fn report(&mut self, worker: WorkerId, report: AttemptReport) {
        let AttemptReport { upstream, outcome, usage, service_tier, upstream_request_id } =
            report.bounded();
        self.service_tier = service_tier;
        let attempt = Attempt { worker, upstream, outcome, usage, upstream_request_id };
        if self.reports.len() == MAX_ATTEMPTS {
            self.reports.pop();
        }
        self.reports.push(attempt);
    }

    /// Nobody says what became of the attempt, which is not that nothing did.
    pub fn report_unsaid(&mut self, worker: WorkerId, outcome: AttemptOutcome) {
        self.report(worker, AttemptReport::new(None, outcome));
    }

    pub fn reports(&self) -> Vec<Attempt> {
        self.reports.clone()
    }

    pub const fn service_tier(&self) -> Option<&ServiceTier> {
        self.service_tier.as_ref()
    }

    /// One more worker fell silent; how many have.
    pub const fn count_silent(&mut self) -> u32 {
        self.silent += 1;
        self.silent
    }
}
