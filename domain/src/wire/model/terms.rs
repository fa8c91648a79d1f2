//! On which terms a model is served, as it is written.

use serde::{Deserialize, Serialize};

use crate::model::ServingTerms;

/// What is not said is as by default.
#[derive(Serialize, Deserialize)]
pub struct TermsV1 {
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_byte_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    between_chunks_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_for_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait_for_worker_s: Option<u32>,
}

impl TermsV1 {
    pub fn of(model: String, terms: ServingTerms) -> Self {
        let ServingTerms {
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        } = terms;
        Self {
            model,
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        }
    }

    pub const fn terms(&self) -> ServingTerms {
        ServingTerms {
            deadline_s: self.deadline_s,
            first_byte_s: self.first_byte_s,
            between_chunks_s: self.between_chunks_s,
            attempts: self.attempts,
            retry_for_s: self.retry_for_s,
            wait_for_worker_s: self.wait_for_worker_s,
        }
    }
}
