//! Upstreams and terms as they stand in the columns of the list of models.

use serde::{Deserialize, Serialize};
use uplion_domain::model::{Credential, ServingTerms, Upstream};

use crate::columns::Columns;

/// An upstream as it stands in the column.
#[derive(Serialize, Deserialize)]
pub struct UpstreamText {
    url: String,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential: Option<CredentialText>,
    weight: u32,
    max_in_flight: u32,
    /// None: learnt from the upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream_options: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CredentialText {
    Environment(String),
    Secret { name: String, key: String },
}

/// Serving terms as they stand in the column.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TermsText {
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_byte_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    between_chunks_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_for_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_for_worker_s: Option<u32>,
}

impl TermsText {
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

    pub const fn read(&self) -> ServingTerms {
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

impl UpstreamText {
    pub fn of(upstream: Upstream) -> Self {
        let Upstream { url, model, credential, weight, max_in_flight, stream_options } = upstream;
        let credential = credential.map(|credential| match credential {
            Credential::Environment(name) => CredentialText::Environment(name),
            Credential::Secret { name, key } => CredentialText::Secret { name, key },
        });
        let stream_options = stream_options.written();
        let model = model.to_string();
        Self { url, model, credential, weight, max_in_flight, stream_options }
    }

    pub fn read(self, columns: &Columns) -> Upstream {
        let Self { url, model, credential, weight, max_in_flight, stream_options } = self;
        let credential = credential.map(|credential| match credential {
            CredentialText::Environment(name) => Credential::Environment(name),
            CredentialText::Secret { name, key } => Credential::Secret { name, key },
        });
        let stream_options = stream_options.map(|word| columns.read(&word)).unwrap_or_default();
        let model = columns.read(&model);
        Upstream { url, model, credential, weight, max_in_flight, stream_options }
    }
}
