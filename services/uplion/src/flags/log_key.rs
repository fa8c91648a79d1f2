//! The keys that the log is signed with, as flags.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use uplion_log_transport::log_key::LogKeys;

use crate::secret::Secret;

/// What says that nothing is signed.
const NONE: &str = "none";

/// Who may write the log.
#[derive(Debug, Clone, Default, Args)]
pub struct LogKeyArgs {
    /// What the log is signed with, as `uplion log key` makes it: the same for gateways, control and projectors, and for no
    /// worker. Several with commas between: the first signs, what any of them signed is believed. `none` believes whoever
    /// can write to NATS.
    #[arg(long, env = "UPLION_LOG_KEY", hide_env_values = true, value_name = "KEYS")]
    log_key: Option<Secret>,
    /// The same in a file, one key a line.
    #[arg(long, env = "UPLION_LOG_KEY_FILE", value_name = "FILE", conflicts_with = "log_key")]
    log_key_file: Option<PathBuf>,
}

impl LogKeyArgs {
    pub const fn in_file(file: PathBuf) -> Self {
        Self { log_key: None, log_key_file: Some(file) }
    }

    /// None if nothing is to be signed. Somebody has to say so.
    pub fn keys(&self) -> Result<Option<LogKeys>> {
        let Some(text) = self.text()? else {
            bail!(
                "it is not said what the log is signed with: give --log-key-file or UPLION_LOG_KEY (`uplion log key` makes a key, the same for gateways, control and projectors), or --log-key none to believe whoever can write to NATS"
            )
        };
        if text.expose().trim() == NONE {
            return Ok(None);
        }
        let from = match &self.log_key_file {
            Some(file) => file.display().to_string(),
            None => "--log-key or UPLION_LOG_KEY".to_owned(),
        };
        text.expose().parse().map(Some).with_context(|| from)
    }

    fn text(&self) -> Result<Option<Secret>> {
        let Some(file) = &self.log_key_file else { return Ok(self.log_key.clone()) };
        let text = fs::read_to_string(file);
        let text = text.with_context(|| format!("the key of the log in {}", file.display()))?;
        Ok(Some(Secret::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use uplion_log_transport::log_key;

    use super::*;

    fn given(text: &str) -> LogKeyArgs {
        LogKeyArgs { log_key: Some(Secret::new(text)), log_key_file: None }
    }

    #[test]
    fn keys_are_read_and_none_is_said_in_so_many_words() {
        let key = log_key::spell([7; 32]);
        assert!(given(&key).keys().unwrap().is_some());
        assert!(given("none\n").keys().unwrap().is_none());
        let error = LogKeyArgs::default().keys().unwrap_err().to_string();
        assert!(error.contains("uplion log key"), "{error}");
    }

    #[test]
    fn what_is_no_key_is_not_shown() {
        let error = format!("{:#}", given("secret-that-is-none").keys().unwrap_err());
        assert!(error.contains("uplion log key") && !error.contains("secret-that"), "{error}");
    }
}
