//! A request that has ended, while the log is told how.
//!
//! Its client waits for that, but not for ever. A client that was told of an error is not charged: what it was told is
//! then written under the id of the settlement, whose first event counts, and behind it what takes the settlement back,
//! should that have been the first. Both for as long as it takes.

use tokio::time::Instant;
use uplion_domain::{ClaimId, Timestamp, request::Reversed};

use super::{action::Correction, active_claim::ActiveClaim, client::ClientEnd};

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
    /// What would take the settlement back; none if there is nothing that could be charged wrongly.
    reversal: Option<Box<Reversed>>,
    writing: Writing,
}

/// What the log is to acknowledge next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    Settlement,
    /// What the client was told instead.
    Refusal,
    Reversal,
}

impl Settling {
    pub fn new(
        active: Option<Box<ActiveClaim>>,
        client_end: ClientEnd,
        late_at: Instant,
        reversal: Option<Box<Reversed>>,
    ) -> Self {
        Self { active, client_end, late_at, reversal, writing: Writing::Settlement }
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

    pub const fn writing(&self) -> Writing {
        self.writing
    }

    pub fn take_client_end(&mut self) -> ClientEnd {
        std::mem::replace(&mut self.client_end, ClientEnd::Nothing)
    }

    pub fn into_active(self) -> Option<Box<ActiveClaim>> {
        self.active
    }

    pub fn forget_client(&mut self) {
        self.client_end = ClientEnd::Nothing;
    }

    /// Whether it would be charged for an answer of which its client has nothing yet.
    pub fn holds_whole_answer(&self) -> bool {
        self.reversal.is_some() && matches!(self.client_end, ClientEnd::Respond(_))
    }

    /// Whether the client, who still waits, must not be charged if it is told of an error.
    pub fn is_refusable(&self) -> bool {
        self.reversal.is_some() && !matches!(self.client_end, ClientEnd::Nothing)
    }

    /// From now on the client has its last word, and it is not the answer's end.
    pub fn refuse(&mut self, writing: Writing) {
        self.client_end = ClientEnd::Nothing;
        self.writing = writing;
        if let Some(active) = &mut self.active {
            active.refuse();
        }
    }

    pub fn reversal(&mut self, at: Timestamp) -> Option<Correction> {
        self.writing = Writing::Reversal;
        let reversal = self.reversal.take()?;
        Some(Correction::Reversed(Box::new(Reversed { at, ..*reversal })))
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
