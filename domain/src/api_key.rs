//! An API key: what a member's program shows the gateway to be served.
//!
//! Issued once, in one project, on terms that may change later. Its secret may be exchanged for another, with a time in
//! which both are served. Disabled for a while or revoked: once revoked it is dead for ever.
//! Only digests of secrets come this far; a secret itself is in no event.

mod terms;

#[cfg(test)]
mod spec;

use std::collections::BTreeMap;

pub use terms::{Change, MAX_DESCRIPTION, MAX_NAME, MAX_QUOTA, Models, Quota, Terms};

use crate::{
    Aggregate, KeyDigest, ModelName, Timestamp,
    budget::{self, Budget},
    limits::{self, Limits},
    name::Unusable,
};

/// Thirty days, in seconds: whoever has not taken the new secret by then needs a key of their own.
pub const MAX_GRACE_S: u32 = 30 * 24 * 60 * 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Issue {
        digest: KeyDigest,
        terms: Box<Terms>,
        at: Timestamp,
    },
    Change {
        change: Change,
        at: Timestamp,
    },
    Enable {
        at: Timestamp,
    },
    Disable {
        at: Timestamp,
    },
    /// The secret that was served until now is served for so long beside the new one.
    Rotate {
        digest: KeyDigest,
        grace_s: u32,
        at: Timestamp,
    },
    Revoke {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Issued {
        digest: KeyDigest,
        terms: Box<Terms>,
        at: Timestamp,
    },
    Described {
        name: String,
        description: String,
        at: Timestamp,
    },
    /// From now on the key serves these models and no others.
    Allowed {
        models: Models,
        at: Timestamp,
    },
    ExpiryChanged {
        expires_at: Option<Timestamp>,
        at: Timestamp,
    },
    QuotaChanged {
        quota: Quota,
        at: Timestamp,
    },
    BudgetChanged {
        budget: Option<Budget>,
        at: Timestamp,
    },
    LimitsChanged {
        limits: Limits,
        model_limits: BTreeMap<ModelName, Limits>,
        at: Timestamp,
    },
    Enabled {
        at: Timestamp,
    },
    Disabled {
        at: Timestamp,
    },
    /// The secret before it is served until `previous_until`, the one before that no more.
    Rotated {
        digest: KeyDigest,
        previous_until: Timestamp,
        at: Timestamp,
    },
    Revoked {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the API key was issued already")]
    AlreadyIssued,
    #[error("there is no such API key")]
    NotIssued,
    #[error("the API key is revoked")]
    Revoked,
    #[error("a key's name {0}")]
    UnusableName(Unusable),
    #[error(
        "a key's description has at most {MAX_DESCRIPTION} characters, and no control characters but breaks of lines"
    )]
    UnusableDescription,
    #[error("a key without models would serve nothing: disable or revoke it instead")]
    NoModelLeft,
    #[error("a key cannot expire in the past: disable or revoke it instead")]
    ExpiresInThePast,
    #[error(
        "token_quota: a whole number from 1 is expected: disable a key that is to be served nothing"
    )]
    EmptyQuota,
    #[error("token_quota: at most {MAX_QUOTA} tokens are expected: leave it out instead")]
    EndlessQuota,
    #[error("the secret before is served for at most {MAX_GRACE_S} seconds more")]
    GraceTooLong,
    #[error(transparent)]
    Budget(#[from] budget::Rejection),
    #[error(transparent)]
    Limits(#[from] limits::Rejection),
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum ApiKey {
    #[default]
    Unissued,
    Issued {
        terms: Box<Terms>,
        switch: Switch,
    },
    Revoked,
}

/// Whether a key that is neither expired nor revoked is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    Enabled,
    Disabled,
}

impl Aggregate for ApiKey {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unissued, Command::Issue { digest, terms, at }) => {
                Ok(vec![Event::Issued { digest, terms: Box::new(terms.checked(at)?), at }])
            }
            (Self::Issued { .. } | Self::Revoked, Command::Issue { .. }) => {
                Err(Rejection::AlreadyIssued)
            }

            (Self::Issued { terms, .. }, Command::Change { change, at }) => {
                terms.change(change, at)
            }
            (Self::Issued { switch, .. }, Command::Enable { at }) => {
                Ok(unless(*switch == Switch::Enabled, Event::Enabled { at }))
            }
            (Self::Issued { switch, .. }, Command::Disable { at }) => {
                Ok(unless(*switch == Switch::Disabled, Event::Disabled { at }))
            }
            (Self::Issued { .. }, Command::Rotate { grace_s, .. }) if grace_s > MAX_GRACE_S => {
                Err(Rejection::GraceTooLong)
            }
            (Self::Issued { .. }, Command::Rotate { digest, grace_s, at }) => {
                let previous_until = at.plus_millis(i64::from(grace_s) * 1_000);
                Ok(vec![Event::Rotated { digest, previous_until, at }])
            }

            (Self::Issued { .. }, Command::Revoke { at }) => Ok(vec![Event::Revoked { at }]),
            (Self::Revoked, Command::Revoke { .. }) => Ok(vec![]),
            (
                Self::Revoked,
                Command::Change { .. }
                | Command::Enable { .. }
                | Command::Disable { .. }
                | Command::Rotate { .. },
            ) => Err(Rejection::Revoked),

            (
                Self::Unissued,
                Command::Change { .. }
                | Command::Enable { .. }
                | Command::Disable { .. }
                | Command::Rotate { .. }
                | Command::Revoke { .. },
            ) => Err(Rejection::NotIssued),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::Issued { terms, .. }) => {
                Self::Issued { terms: terms.clone(), switch: Switch::Enabled }
            }
            (_, Event::Revoked { .. }) => Self::Revoked,
            (Self::Issued { terms, .. }, Event::Enabled { .. }) => {
                Self::Issued { terms, switch: Switch::Enabled }
            }
            (Self::Issued { terms, .. }, Event::Disabled { .. }) => {
                Self::Issued { terms, switch: Switch::Disabled }
            }
            (
                Self::Issued { terms, switch },
                Event::Described { .. }
                | Event::Allowed { .. }
                | Event::ExpiryChanged { .. }
                | Event::QuotaChanged { .. }
                | Event::BudgetChanged { .. }
                | Event::LimitsChanged { .. }
                | Event::Rotated { .. },
            ) => Self::Issued { terms: Box::new(terms.after(event)), switch },
            (
                state @ (Self::Unissued | Self::Revoked),
                Event::Described { .. }
                | Event::Allowed { .. }
                | Event::ExpiryChanged { .. }
                | Event::QuotaChanged { .. }
                | Event::BudgetChanged { .. }
                | Event::LimitsChanged { .. }
                | Event::Enabled { .. }
                | Event::Disabled { .. }
                | Event::Rotated { .. },
            ) => state,
        }
    }
}

/// What is so already does not happen again.
fn unless(already_so: bool, event: Event) -> Vec<Event> {
    if already_so { vec![] } else { vec![event] }
}
