//! The terms that a model is served on, as callers write and read them.

use poem_openapi::{Object, types::MaybeUndefined};
use uplion_domain::model::{ServingTerms, TermsChange};

use crate::api::stated::stated;

/// How a model's requests are served. What is null or left out is as by default.
#[derive(Debug, Clone, Default, Object)]
#[oai(rename = "ServingTerms", deny_unknown_fields)]
pub struct TermsView {
    /// Seconds from admission to the end of the answer: 1 to 3600; by default 600.
    #[oai(default)]
    deadline_s: Option<u32>,
    /// Seconds that an upstream may say nothing before its first byte, after which another one is tried: 1 to 3600; by default as long as the deadline. An answer that is not streamed has its first byte when it is whole.
    #[oai(default)]
    first_byte_s: Option<u32>,
    /// Seconds that an upstream may say nothing once it has begun: 1 to 3600; by default 300.
    #[oai(default)]
    between_chunks_s: Option<u32>,
    /// Calls of upstreams for one request: 1 to 20; by default 3.
    #[oai(default)]
    attempts: Option<u32>,
    /// Seconds in which another upstream may be tried, beside the time that upstreams themselves take: 0 to 3600; by default 10.
    #[oai(default)]
    retry_for_s: Option<u32>,
    /// Seconds that a request waits for a worker while none serves the model: 0 to 3600; by default 0, and it is answered 503 at once.
    #[oai(default)]
    wait_for_worker_s: Option<u32>,
}

/// What is left out stays as it is; null: as by default.
#[derive(Debug, Clone, Object)]
#[oai(rename = "ChangedServingTerms", deny_unknown_fields)]
pub struct ChangedTerms {
    deadline_s: MaybeUndefined<u32>,
    first_byte_s: MaybeUndefined<u32>,
    between_chunks_s: MaybeUndefined<u32>,
    attempts: MaybeUndefined<u32>,
    retry_for_s: MaybeUndefined<u32>,
    wait_for_worker_s: MaybeUndefined<u32>,
}

impl TermsView {
    pub const fn of(terms: ServingTerms) -> Self {
        let ServingTerms {
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        } = terms;
        Self {
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        }
    }

    /// None if nothing was said.
    pub fn change(&self) -> Option<TermsChange> {
        let change = TermsChange {
            deadline_s: self.deadline_s.map(Some),
            first_byte_s: self.first_byte_s.map(Some),
            between_chunks_s: self.between_chunks_s.map(Some),
            attempts: self.attempts.map(Some),
            retry_for_s: self.retry_for_s.map(Some),
            wait_for_worker_s: self.wait_for_worker_s.map(Some),
        };
        (change != TermsChange::default()).then_some(change)
    }
}

impl ChangedTerms {
    pub fn change(&self) -> TermsChange {
        TermsChange {
            deadline_s: stated(self.deadline_s),
            first_byte_s: stated(self.first_byte_s),
            between_chunks_s: stated(self.between_chunks_s),
            attempts: stated(self.attempts),
            retry_for_s: stated(self.retry_for_s),
            wait_for_worker_s: stated(self.wait_for_worker_s),
        }
    }
}
