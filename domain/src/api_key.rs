//! An API key: what a member's program shows the gateway to be served.
//!
//! Issued once, in one project, for some models or for all, and dead for ever once revoked.
//! Only the digest of the secret comes this far; the secret itself is in no event.

use std::collections::BTreeSet;

use crate::{Aggregate, KeyDigest, ModelName, ProjectId, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Issue { project: ProjectId, name: String, digest: KeyDigest, models: Models, at: Timestamp },
    Allow { models: Models, at: Timestamp },
    Revoke { at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Issued {
        project: ProjectId,
        name: String,
        digest: KeyDigest,
        models: Models,
        at: Timestamp,
    },
    /// From now on the key serves these models and no others.
    Allowed {
        models: Models,
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
    #[error("a key without models would serve nothing: revoke it instead")]
    NoModelLeft,
}

/// What a key may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Models {
    All,
    Only(BTreeSet<ModelName>),
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum ApiKey {
    #[default]
    Unissued,
    Active {
        models: Models,
    },
    Revoked,
}

impl Models {
    pub fn allow(&self, model: &ModelName) -> bool {
        match self {
            Self::All => true,
            Self::Only(models) => models.contains(model),
        }
    }

    fn none_left(&self) -> bool {
        match self {
            Self::All => false,
            Self::Only(models) => models.is_empty(),
        }
    }
}

impl Aggregate for ApiKey {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Active { .. } | Self::Revoked, Command::Issue { .. }) => {
                Err(Rejection::AlreadyIssued)
            }
            (Self::Unissued, Command::Issue { models, .. }) if models.none_left() => {
                Err(Rejection::NoModelLeft)
            }
            (Self::Unissued, Command::Issue { project, name, digest, models, at }) => {
                Ok(vec![Event::Issued { project, name, digest, models, at }])
            }

            (Self::Active { .. }, Command::Allow { models, .. }) if models.none_left() => {
                Err(Rejection::NoModelLeft)
            }
            (Self::Active { models: now }, Command::Allow { models, .. }) if *now == models => {
                Ok(vec![])
            }
            (Self::Active { .. }, Command::Allow { models, at }) => {
                Ok(vec![Event::Allowed { models, at }])
            }
            (Self::Revoked, Command::Allow { .. }) => Err(Rejection::Revoked),

            (Self::Active { .. }, Command::Revoke { at }) => Ok(vec![Event::Revoked { at }]),
            (Self::Revoked, Command::Revoke { .. }) => Ok(vec![]),

            (Self::Unissued, Command::Allow { .. } | Command::Revoke { .. }) => {
                Err(Rejection::NotIssued)
            }
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Issued { models, .. } | Event::Allowed { models, .. } => {
                Self::Active { models: models.clone() }
            }
            Event::Revoked { .. } => Self::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);

    #[test]
    fn a_key_is_issued_once() {
        given::<ApiKey>([]).when(issue(Models::All)).then([issued()]);
        given::<ApiKey>([issued()])
            .when(issue(Models::All))
            .then_rejected(Rejection::AlreadyIssued);
    }

    #[test]
    fn a_revoked_key_stays_revoked() {
        let history = [issued(), Event::Revoked { at: AT }];
        given::<ApiKey>(history.clone())
            .when(issue(Models::All))
            .then_rejected(Rejection::AlreadyIssued);
        given::<ApiKey>(history).when(allow(&["llama"])).then_rejected(Rejection::Revoked);
    }

    #[test]
    fn revoking_twice_is_revoking_once() {
        let revoked = Event::Revoked { at: AT };
        given::<ApiKey>([issued()]).when(Command::Revoke { at: AT }).then([revoked.clone()]);
        given::<ApiKey>([issued(), revoked]).when(Command::Revoke { at: AT }).then_nothing();
    }

    #[test]
    fn a_key_without_models_is_revoked_not_restricted() {
        given::<ApiKey>([issued()]).when(allow(&[])).then_rejected(Rejection::NoModelLeft);
        given::<ApiKey>([]).when(issue(only(&[]))).then_rejected(Rejection::NoModelLeft);
    }

    #[test]
    fn allowing_what_is_allowed_is_nothing() {
        given::<ApiKey>([issued()])
            .when(allow(&["llama"]))
            .then([Event::Allowed { models: only(&["llama"]), at: AT }]);
        given::<ApiKey>([issued(), Event::Allowed { models: only(&["llama"]), at: AT }])
            .when(allow(&["llama"]))
            .then_nothing();
    }

    #[test]
    fn what_was_never_issued_cannot_change() {
        given::<ApiKey>([]).when(Command::Revoke { at: AT }).then_rejected(Rejection::NotIssued);
    }

    fn only(models: &[&str]) -> Models {
        Models::Only(models.iter().map(|name| name.parse().unwrap()).collect())
    }

    fn allow(models: &[&str]) -> Command {
        Command::Allow { models: only(models), at: AT }
    }

    fn project() -> ProjectId {
        ProjectId::new(Uuid::from_u128(7))
    }

    fn issue(models: Models) -> Command {
        let digest = KeyDigest::of("secret");
        Command::Issue { project: project(), name: "ci".into(), digest, models, at: AT }
    }

    fn issued() -> Event {
        let digest = KeyDigest::of("secret");
        let models = Models::All;
        Event::Issued { project: project(), name: "ci".into(), digest, models, at: AT }
    }
}
