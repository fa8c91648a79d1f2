//! What may accompany a write: the reason, the version that is expected, and the key under which it is carried out once.

use reqwest::{RequestBuilder, header::HeaderValue};

use crate::Error;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Why, for whoever reads the changes later.
    pub reason: Option<String>,
    /// The write holds only if this is the version still.
    pub if_version: Option<u64>,
    /// The same command under the same key is carried out once.
    pub idempotency_key: Option<String>,
}

impl WriteOptions {
    pub fn once(idempotency_key: impl Into<String>) -> Self {
        Self { idempotency_key: Some(idempotency_key.into()), ..Self::default() }
    }

    /// For the second of two writes of one command: it is of another thing, and so under another key.
    #[must_use]
    pub fn of_second_write(&self) -> Self {
        let idempotency_key = self.idempotency_key.as_ref().map(|key| format!("{key}/2"));
        Self { reason: self.reason.clone(), if_version: None, idempotency_key }
    }

    pub(crate) fn apply_to(&self, mut request: RequestBuilder) -> Result<RequestBuilder, Error> {
        if let Some(reason) = &self.reason {
            request = request.header("Uplion-Reason", header("the reason", reason)?);
        }
        if let Some(version) = self.if_version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("Idempotency-Key", header("the idempotency key", key)?);
        }
        Ok(request)
    }
}

fn header(name: &'static str, text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|source| Error::Header { header: name, source })
}
