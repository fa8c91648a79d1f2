//! Options of every command that changes something: the reason, the expected version, the idempotency key.

use clap::Args;
use uplion_control_client as control_client;

use super::{failure::Failure, prompt};

/// Beside what makes something new.
#[derive(Debug, Clone, Args)]
pub struct CreateOptions {
    /// Why, for whoever reads the changes later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The same command under the same key is carried out once, however often it is sent.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// Beside what can be done once, and so needs no more.
#[derive(Debug, Clone, Args)]
pub struct ReasonOption {
    /// It is meant: whether it is, is not asked, where it would be.
    #[arg(long)]
    yes: bool,
    /// Why, for whoever reads the changes later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Beside what changes something that is there.
#[derive(Debug, Clone, Default, Args)]
pub struct WriteOptions {
    /// It is meant: whether it is, is not asked, where it would be.
    #[arg(long)]
    pub yes: bool,
    /// Why, for whoever reads the changes later.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only if it is still at this version, as it was shown or as the last change answered it.
    #[arg(long, value_name = "N")]
    pub if_version: Option<u64>,
    /// The same command under the same key is carried out once, however often it is sent.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

impl WriteOptions {
    /// Before what cuts somebody off, or cannot be undone: at a terminal it is asked whether it is meant.
    pub fn confirm(&self, what: &str) -> Result<(), Failure> {
        prompt::meant(self.yes, what)
    }
}

impl From<CreateOptions> for WriteOptions {
    fn from(options: CreateOptions) -> Self {
        let CreateOptions { reason, idempotency_key } = options;
        Self { reason, idempotency_key, ..Self::default() }
    }
}

impl From<ReasonOption> for WriteOptions {
    fn from(options: ReasonOption) -> Self {
        Self { yes: options.yes, reason: options.reason, ..Self::default() }
    }
}

impl From<&WriteOptions> for control_client::WriteOptions {
    fn from(options: &WriteOptions) -> Self {
        let WriteOptions { yes: _, reason, if_version, idempotency_key } = options.clone();
        Self { reason, if_version, idempotency_key }
    }
}

impl From<control_client::WriteOptions> for WriteOptions {
    fn from(options: control_client::WriteOptions) -> Self {
        let control_client::WriteOptions { reason, if_version, idempotency_key } = options;
        Self { yes: false, reason, if_version, idempotency_key }
    }
}
