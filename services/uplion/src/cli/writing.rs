//! What can be said beside every command that changes something: why, on which condition, and that it is said once.

use clap::Args;
use reqwest::{RequestBuilder, header::HeaderValue};

use super::failure::Failure;

/// Beside what makes something new.
#[derive(Debug, Clone, Args)]
pub struct Creating {
    /// Why, for whoever reads the changes later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The same command under the same key is carried out once, however often it is said.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// Beside what can be done once, and so needs no more.
#[derive(Debug, Clone, Args)]
pub struct Ending {
    /// Why, for whoever reads the changes later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Beside what changes something that is there.
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

impl From<Creating> for Writing {
    fn from(creating: Creating) -> Self {
        let Creating { reason, idempotency_key } = creating;
        Self { reason, idempotency_key, if_version: None }
    }
}

impl From<Ending> for Writing {
    fn from(ending: Ending) -> Self {
        Self { reason: ending.reason, ..Self::default() }
    }
}

fn line(flag: &str, text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        Failure::Here(format!("{flag} is one line of text, without control characters"))
    })
}
