//! What can be said beside every command that changes something: why, on which condition, and that it is said once.

use clap::Args;
use reqwest::{RequestBuilder, header::HeaderValue};

use super::failure::Failure;

#[derive(Debug, Clone, Default, Args)]
pub struct Writing {
    /// Why, for whoever reads the changes later.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only if it is still at this version, as it was shown or as the last change answered it.
    #[arg(long, value_name = "N")]
    pub if_version: Option<u64>,
    /// The same command under the same key is carried out once, however often it is said.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

impl Writing {
    /// Of the second of two writes that a command makes: it is another write, and of another thing.
    pub fn then(&self) -> Self {
        let key = |key: &String| format!("{key}/2");
        let idempotency_key = self.idempotency_key.as_ref().map(key);
        Self { reason: self.reason.clone(), if_version: None, idempotency_key }
    }

    pub fn said(&self, mut request: RequestBuilder) -> Result<RequestBuilder, Failure> {
        if let Some(reason) = &self.reason {
            request = request.header("Uplion-Reason", line("--reason", reason)?);
        }
        if let Some(version) = self.if_version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("Idempotency-Key", line("--idempotency-key", key)?);
        }
        Ok(request)
    }
}

fn line(flag: &str, text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        Failure::Here(format!("{flag} is one line of text, without control characters"))
    })
}
