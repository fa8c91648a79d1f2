//! How a model's requests are served: how long they may take, how long its upstreams may say nothing, and how often
//! and how long they are tried.

use super::Rejection;

/// The longest deadline that any request has. Whatever must outlast every request (tickets, what the log recognises as
/// said again) lasts longer than this.
pub const MAX_DEADLINE_S: u32 = 3_600;
pub const MAX_ATTEMPTS: u32 = 20;

/// What was said of a model. None: as the gateways have it by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServingTerms {
    /// From admission to the end of the answer.
    pub deadline_s: Option<u32>,
    /// An upstream that has said nothing at all for so long has failed.
    pub first_byte_s: Option<u32>,
    /// An upstream that began and then says nothing for so long has failed.
    pub between_chunks_s: Option<u32>,
    /// Calls of upstreams for one request, at most.
    pub attempts: Option<u32>,
    /// How long another call may begin after the first one failed, beside the time that upstreams themselves take.
    pub retry_for_s: Option<u32>,
    /// How long a request waits for a worker while none serves the model.
    pub wait_for_worker_s: Option<u32>,
}

/// What may change about them; none within: as by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TermsChange {
    pub deadline_s: Option<Option<u32>>,
    pub first_byte_s: Option<Option<u32>>,
    pub between_chunks_s: Option<Option<u32>>,
    pub attempts: Option<Option<u32>>,
    pub retry_for_s: Option<Option<u32>>,
    pub wait_for_worker_s: Option<Option<u32>>,
}

impl ServingTerms {
    pub(super) fn with(self, change: TermsChange) -> Result<Self, Rejection> {
        let TermsChange {
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        } = change;
        let terms = Self {
            deadline_s: deadline_s.unwrap_or(self.deadline_s),
            first_byte_s: first_byte_s.unwrap_or(self.first_byte_s),
            between_chunks_s: between_chunks_s.unwrap_or(self.between_chunks_s),
            attempts: attempts.unwrap_or(self.attempts),
            retry_for_s: retry_for_s.unwrap_or(self.retry_for_s),
            wait_for_worker_s: wait_for_worker_s.unwrap_or(self.wait_for_worker_s),
        };
        terms.check()?;
        Ok(terms)
    }

    fn check(self) -> Result<(), Rejection> {
        let seconds = |name, value, least| within(name, value, least, MAX_DEADLINE_S);
        seconds("deadline_s", self.deadline_s, 1)?;
        seconds("first_byte_s", self.first_byte_s, 1)?;
        seconds("between_chunks_s", self.between_chunks_s, 1)?;
        within("attempts", self.attempts, 1, MAX_ATTEMPTS)?;
        seconds("retry_for_s", self.retry_for_s, 0)?;
        seconds("wait_for_worker_s", self.wait_for_worker_s, 0)
    }
}

fn within(name: &'static str, value: Option<u32>, least: u32, most: u32) -> Result<(), Rejection> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(Rejection::UnusableTerm { name, value, least, most })
        }
        Some(_) | None => Ok(()),
    }
}
