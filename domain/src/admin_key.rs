//! An admin key: what a machine shows the control plane to administer or to audit an installation.
//!
//! Issued once, with or without an end, and dead for ever once revoked. Only the digest of the secret comes this far.
//! The installation's first admin key is configuration, and no aggregate.

use crate::{
    Aggregate, KeyDigest, Timestamp,
    name::{self, Most, Unusable},
    user::Access,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Issue {
        name: String,
        digest: KeyDigest,
        access: Access,
        expires_at: Option<Timestamp>,
        at: Timestamp,
    },
    Revoke {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Issued {
        name: String,
        digest: KeyDigest,
        access: Access,
        /// None: never.
        expires_at: Option<Timestamp>,
        at: Timestamp,
    },
    Revoked {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the admin key was issued already")]
    AlreadyIssued,
    #[error("there is no such admin key")]
    NotIssued,
    #[error("an admin key's name {0}")]
    UnusableName(Unusable),
    #[error("an admin key that may do nothing would be of no use")]
    NothingAllowed,
    #[error("an admin key that expires at once would be of no use")]
    ExpiresAtOnce,
}

/// Characters.
pub const MAX_NAME: usize = 128;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum AdminKey {
    #[default]
    Unissued,
    Active {
        digest: KeyDigest,
        access: Access,
        expires_at: Option<Timestamp>,
    },
    Revoked,
}

impl AdminKey {
    /// What it may do at that time.
    pub fn access(&self, now: Timestamp) -> Access {
        match self {
            Self::Active { access, expires_at, .. }
                if expires_at.is_none_or(|expires_at| now < expires_at) =>
            {
                *access
            }
            Self::Unissued | Self::Active { .. } | Self::Revoked => Access::None,
        }
    }
}

impl Aggregate for AdminKey {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Active { .. } | Self::Revoked, Command::Issue { .. }) => {
                Err(Rejection::AlreadyIssued)
            }
            (Self::Unissued, Command::Issue { access: Access::None, .. }) => {
                Err(Rejection::NothingAllowed)
            }
            (Self::Unissued, Command::Issue { expires_at: Some(expires_at), at, .. })
                if expires_at <= at =>
            {
                Err(Rejection::ExpiresAtOnce)
            }
            (Self::Unissued, Command::Issue { name, digest, access, expires_at, at }) => {
                let name = name::given(&name, Most::Characters(MAX_NAME))
                    .map_err(Rejection::UnusableName)?;
                Ok(vec![Event::Issued { name, digest, access, expires_at, at }])
            }

            (Self::Unissued, Command::Revoke { .. }) => Err(Rejection::NotIssued),
            (Self::Active { .. }, Command::Revoke { at }) => Ok(vec![Event::Revoked { at }]),
            (Self::Revoked, Command::Revoke { .. }) => Ok(vec![]),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Issued { name: _, digest, access, expires_at, at: _ } => {
                Self::Active { digest: *digest, access: *access, expires_at: *expires_at }
            }
            Event::Revoked { .. } => Self::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);
    const LATER: Timestamp = Timestamp::from_micros(9);

    #[test]
    fn an_admin_key_is_issued_once() {
        let issue = || issue("ci", Access::Admin, None);
        given::<AdminKey>([]).when(issue()).then([issued(None)]);
        given::<AdminKey>([issued(None)]).when(issue()).then_rejected(Rejection::AlreadyIssued);
        given::<AdminKey>([issued(None), Event::Revoked { at: AT }])
            .when(issue())
            .then_rejected(Rejection::AlreadyIssued);
    }

    #[test]
    fn an_admin_key_is_of_use() {
        for (command, rejection) in [
            (
                issue(" ", Access::Admin, None),
                Rejection::UnusableName(Unusable::Length(Most::Characters(MAX_NAME))),
            ),
            (
                issue("a\nb", Access::Admin, None),
                Rejection::UnusableName(Unusable::Unprintable('\n')),
            ),
            (issue("ci", Access::None, None), Rejection::NothingAllowed),
            (issue("ci", Access::Auditor, Some(AT)), Rejection::ExpiresAtOnce),
        ] {
            given::<AdminKey>([]).when(command).then_rejected(rejection);
        }
    }

    #[test]
    fn revoking_twice_is_revoking_once() {
        let revoked = Event::Revoked { at: AT };
        let revoke = Command::Revoke { at: AT };
        given::<AdminKey>([issued(None)]).when(revoke.clone()).then([revoked.clone()]);
        given::<AdminKey>([issued(None), revoked]).when(revoke.clone()).then_nothing();
        given::<AdminKey>([]).when(revoke).then_rejected(Rejection::NotIssued);
    }

    #[test]
    fn a_key_may_do_something_until_it_expires_or_is_revoked() {
        let access = |history: &[Event], now| AdminKey::replay(history).access(now);
        assert_eq!(access(&[issued(None)], LATER), Access::Admin);
        assert_eq!(access(&[issued(Some(LATER))], AT), Access::Admin);
        assert_eq!(access(&[issued(Some(LATER))], LATER), Access::None);
        assert_eq!(access(&[issued(None), Event::Revoked { at: AT }], AT), Access::None);
    }

    fn issue(name: &str, access: Access, expires_at: Option<Timestamp>) -> Command {
        let digest = KeyDigest::of("secret");
        Command::Issue { name: name.into(), digest, access, expires_at, at: AT }
    }

    fn issued(expires_at: Option<Timestamp>) -> Event {
        let (name, digest) = ("ci".into(), KeyDigest::of("secret"));
        Event::Issued { name, digest, access: Access::Admin, expires_at, at: AT }
    }
}
