//! A session: a user who is signed in, from one place, until it is closed or expires.
//!
//! It is an aggregate of its own, so that signing in does not change the user. The secret that proves it is in no
//! event, only its digest.

use std::{fmt, str::FromStr};

use crate::{Aggregate, KeyDigest, Timestamp, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Open { user: UserId, digest: KeyDigest, expires_at: Timestamp, at: Timestamp },
    Close { why: Why, at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Opened { user: UserId, digest: KeyDigest, expires_at: Timestamp, at: Timestamp },
    Closed { why: Why, at: Timestamp },
}

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    SignedOut,
    /// Ended from elsewhere: by the user in another session, or by an administrator.
    Revoked,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the session was opened already")]
    AlreadyOpened,
    #[error("there is no such session")]
    NotOpened,
    #[error("a session that expires at once would be none")]
    ExpiresAtOnce,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a reason for a session's end")]
pub struct UnknownWhy(pub String);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Session {
    #[default]
    Unopened,
    Open {
        user: UserId,
        digest: KeyDigest,
        opened_at: Timestamp,
        expires_at: Timestamp,
    },
    Closed,
}

impl Aggregate for Session {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unopened, Command::Open { expires_at, at, .. }) if expires_at <= at => {
                Err(Rejection::ExpiresAtOnce)
            }
            (Self::Unopened, Command::Open { user, digest, expires_at, at }) => {
                Ok(vec![Event::Opened { user, digest, expires_at, at }])
            }
            (Self::Open { .. } | Self::Closed, Command::Open { .. }) => {
                Err(Rejection::AlreadyOpened)
            }

            (Self::Unopened, Command::Close { .. }) => Err(Rejection::NotOpened),
            (Self::Open { .. }, Command::Close { why, at }) => Ok(vec![Event::Closed { why, at }]),
            (Self::Closed, Command::Close { .. }) => Ok(vec![]),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Opened { user, digest, expires_at, at } => {
                Self::Open { user: *user, digest: *digest, opened_at: *at, expires_at: *expires_at }
            }
            Event::Closed { .. } => Self::Closed,
        }
    }
}

impl Why {
    pub const ALL: [Self; 2] = [Self::SignedOut, Self::Revoked];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Why {
    type Err = UnknownWhy;

    fn from_str(text: &str) -> Result<Self, UnknownWhy> {
        Self::ALL
            .into_iter()
            .find(|why| why.as_str() == text)
            .ok_or_else(|| UnknownWhy(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);
    const LATER: Timestamp = Timestamp::from_micros(9);

    #[test]
    fn a_session_is_opened_once() {
        given::<Session>([]).when(open(LATER)).then([opened()]);
        given::<Session>([opened()]).when(open(LATER)).then_rejected(Rejection::AlreadyOpened);
        given::<Session>([opened(), closed(Why::SignedOut)])
            .when(open(LATER))
            .then_rejected(Rejection::AlreadyOpened);
    }

    #[test]
    fn a_session_lasts() {
        given::<Session>([]).when(open(AT)).then_rejected(Rejection::ExpiresAtOnce);
    }

    #[test]
    fn closing_twice_is_closing_once_whatever_the_reasons() {
        let close = |why| Command::Close { why, at: AT };
        given::<Session>([opened()]).when(close(Why::Revoked)).then([closed(Why::Revoked)]);
        given::<Session>([opened(), closed(Why::Revoked)])
            .when(close(Why::SignedOut))
            .then_nothing();
        given::<Session>([]).when(close(Why::SignedOut)).then_rejected(Rejection::NotOpened);
    }

    #[test]
    fn a_reason_reads_back_as_itself() {
        for why in Why::ALL {
            assert_eq!(why.to_string().parse(), Ok(why));
        }
        assert!("".parse::<Why>().is_err());
    }

    fn user() -> UserId {
        UserId::new(Uuid::from_u128(7))
    }

    fn open(expires_at: Timestamp) -> Command {
        Command::Open { user: user(), digest: KeyDigest::of("secret"), expires_at, at: AT }
    }

    fn opened() -> Event {
        let digest = KeyDigest::of("secret");
        Event::Opened { user: user(), digest, expires_at: LATER, at: AT }
    }

    fn closed(why: Why) -> Event {
        Event::Closed { why, at: AT }
    }
}
