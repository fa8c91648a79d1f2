//! A request that has ended, while its settlement is on the way to the log.

use tokio::time::Instant;
use uplion_domain::ClaimId;

use super::{active_claim::ActiveClaim, client::ClientEnd};

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleResult {
    /// It is on the log.
    Acknowledged,
    /// It could not be written in time; the sweeper will settle.
    Expired,
}

#[derive(Debug)]
pub struct Settling {
    /// The worker that waits to be told; it needs credit until then.
    active: Option<Box<ActiveClaim>>,
    client_end: ClientEnd,
    /// Until when the client waits for the log.
    late_at: Instant,
}

impl Settling {
    pub fn new(active: Option<Box<ActiveClaim>>, client_end: ClientEnd, late_at: Instant) -> Self {
        Self { active, client_end, late_at }
    }

    pub fn active_claim(&self) -> Option<&ActiveClaim> {
        self.active.as_deref()
    }

    pub fn active_claim_mut(&mut self) -> Option<&mut ActiveClaim> {
        self.active.as_deref_mut()
    }

    pub fn is_claimed_by(&self, claim: ClaimId) -> bool {
        self.active_claim().is_some_and(|active| active.claim == claim)
    }

    pub fn into_parts(self) -> (Option<Box<ActiveClaim>>, ClientEnd) {
        (self.active, self.client_end)
    }

    pub fn forget_client(&mut self) {
        self.client_end = ClientEnd::Nothing;
    }

    /// When the client, if it still waits, has waited for long enough.
    pub fn late_at(&self) -> Option<Instant> {
        match self.client_end {
            ClientEnd::Respond(_) | ClientEnd::End(_) => Some(self.late_at),
            ClientEnd::Nothing => None,
        }
    }

    pub fn buffered(&self) -> u64 {
        match &self.client_end {
            ClientEnd::Respond(whole) => whole.body.len() as u64,
            ClientEnd::End(end) => end.len() as u64,
            ClientEnd::Nothing => 0,
        }
    }
}
