//! A user: a person who may sign in to the control plane.
//!
//! Registered by an administrator, disabled and enabled again, and in the end erased, for ever. Name, e-mail address and
//! password hash are in no event: they lie in a table beside the log, under the user's id, where they can be erased.
//! That they changed is an event without data.

use std::{fmt, str::FromStr};

use crate::{Aggregate, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Register { access: Access, sign_in: SignIn, at: Timestamp },
    ChangeAccess { access: Access, at: Timestamp },
    ChangeDetails { at: Timestamp },
    ChangePassword { at: Timestamp },
    Disable { at: Timestamp },
    Enable { at: Timestamp },
    Erase { at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Registered {
        access: Access,
        sign_in: SignIn,
        at: Timestamp,
    },
    AccessChanged {
        access: Access,
        at: Timestamp,
    },
    /// The name or the e-mail address is another now.
    DetailsChanged {
        at: Timestamp,
    },
    /// Sessions from before are over.
    PasswordChanged {
        at: Timestamp,
    },
    /// Sessions from before are over, also once the user is enabled again.
    Disabled {
        at: Timestamp,
    },
    Enabled {
        at: Timestamp,
    },
    /// What was known of the person is gone; the id stays, for it is in the log.
    Erased {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the user is registered already")]
    AlreadyRegistered,
    #[error("there is no such user")]
    NotRegistered,
    #[error("the user was erased")]
    Erased,
    #[error("the user signs in elsewhere and has no password here")]
    SignsInElsewhere,
}

/// What a user may do in the whole installation, beside what the projects let them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    #[default]
    None,
    /// Sees everything, changes nothing.
    Auditor,
    Admin,
}

/// How the user shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignIn {
    Password,
    /// An `OpenID` Connect provider says so.
    Oidc,
    /// Not at all, so far.
    None,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an access: write none, auditor or admin")]
pub struct UnknownAccess(pub String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a way to sign in: write password, oidc or none")]
pub struct UnknownSignIn(pub String);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum User {
    #[default]
    Unregistered,
    Active(Account),
    Disabled(Account),
    Erased,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub access: Access,
    pub sign_in: SignIn,
    /// Sessions that were opened by then are over.
    pub signed_out_at: Timestamp,
}

impl User {
    /// Whether they may do everything in the installation.
    pub fn administers(&self) -> bool {
        matches!(self, Self::Active(account) if account.access == Access::Admin)
    }

    /// Whether a session that was opened at that time is still good.
    pub fn keeps_session(&self, opened_at: Timestamp) -> bool {
        match self {
            Self::Active(account) => opened_at > account.signed_out_at,
            Self::Unregistered | Self::Disabled(_) | Self::Erased => false,
        }
    }
}

impl Aggregate for User {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unregistered, Command::Register { access, sign_in, at }) => {
                Ok(vec![Event::Registered { access, sign_in, at }])
            }
            (_, Command::Register { .. }) => Err(Rejection::AlreadyRegistered),
            (Self::Unregistered, _) => Err(Rejection::NotRegistered),

            (Self::Erased, Command::Erase { .. })
            | (Self::Disabled(_), Command::Disable { .. })
            | (Self::Active(_), Command::Enable { .. }) => Ok(vec![]),
            (Self::Erased, _) => Err(Rejection::Erased),
            (Self::Active(_) | Self::Disabled(_), Command::Erase { at }) => {
                Ok(vec![Event::Erased { at }])
            }

            (Self::Active(now) | Self::Disabled(now), Command::ChangeAccess { access, at }) => {
                Ok(if now.access == access {
                    vec![]
                } else {
                    vec![Event::AccessChanged { access, at }]
                })
            }
            (Self::Active(_) | Self::Disabled(_), Command::ChangeDetails { at }) => {
                Ok(vec![Event::DetailsChanged { at }])
            }
            (Self::Active(now) | Self::Disabled(now), Command::ChangePassword { at }) => {
                match now.sign_in {
                    SignIn::Oidc => Err(Rejection::SignsInElsewhere),
                    SignIn::Password | SignIn::None => Ok(vec![Event::PasswordChanged { at }]),
                }
            }

            (Self::Active(_), Command::Disable { at }) => Ok(vec![Event::Disabled { at }]),
            (Self::Disabled(_), Command::Enable { at }) => Ok(vec![Event::Enabled { at }]),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Registered { access, sign_in, at } => {
                Self::Active(Account { access: *access, sign_in: *sign_in, signed_out_at: *at })
            }
            Event::AccessChanged { access, .. } => {
                self.with(|account| Account { access: *access, ..account })
            }
            Event::DetailsChanged { .. } => self,
            Event::PasswordChanged { at } => self.with(|account| Account {
                sign_in: SignIn::Password,
                signed_out_at: *at,
                ..account
            }),
            Event::Disabled { at } => match self {
                Self::Active(account) => Self::Disabled(Account { signed_out_at: *at, ..account }),
                Self::Unregistered | Self::Disabled(_) | Self::Erased => self,
            },
            Event::Enabled { .. } => match self {
                Self::Disabled(account) => Self::Active(account),
                Self::Unregistered | Self::Active(_) | Self::Erased => self,
            },
            Event::Erased { .. } => Self::Erased,
        }
    }
}

impl User {
    fn with(self, change: impl FnOnce(Account) -> Account) -> Self {
        match self {
            Self::Active(account) => Self::Active(change(account)),
            Self::Disabled(account) => Self::Disabled(change(account)),
            Self::Unregistered | Self::Erased => self,
        }
    }
}

impl Access {
    pub const ALL: [Self; 3] = [Self::None, Self::Auditor, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl SignIn {
    pub const ALL: [Self; 3] = [Self::Password, Self::Oidc, Self::None];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Access {
    type Err = UnknownAccess;

    fn from_str(text: &str) -> Result<Self, UnknownAccess> {
        Self::ALL
            .into_iter()
            .find(|access| access.as_str() == text)
            .ok_or_else(|| UnknownAccess(text.to_owned()))
    }
}

impl FromStr for SignIn {
    type Err = UnknownSignIn;

    fn from_str(text: &str) -> Result<Self, UnknownSignIn> {
        Self::ALL
            .into_iter()
            .find(|sign_in| sign_in.as_str() == text)
            .ok_or_else(|| UnknownSignIn(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);

    #[test]
    fn a_user_is_registered_once() {
        given::<User>([]).when(register(SignIn::Password)).then([registered()]);
        for history in [vec![registered()], vec![registered(), Event::Erased { at: AT }]] {
            given::<User>(history)
                .when(register(SignIn::None))
                .then_rejected(Rejection::AlreadyRegistered);
        }
        given::<User>([]).when(Command::Disable { at: AT }).then_rejected(Rejection::NotRegistered);
    }

    #[test]
    fn an_erased_user_stays_erased() {
        let history = [registered(), Event::Erased { at: AT }];
        given::<User>([registered()])
            .when(Command::Erase { at: AT })
            .then([Event::Erased { at: AT }]);
        given::<User>([registered(), disabled()])
            .when(Command::Erase { at: AT })
            .then([Event::Erased { at: AT }]);
        given::<User>(history.clone()).when(Command::Erase { at: AT }).then_nothing();
        for command in [
            Command::Enable { at: AT },
            Command::ChangeDetails { at: AT },
            Command::ChangePassword { at: AT },
            Command::ChangeAccess { access: Access::Admin, at: AT },
        ] {
            given::<User>(history.clone()).when(command).then_rejected(Rejection::Erased);
        }
    }

    #[test]
    fn disabling_twice_is_disabling_once_and_so_is_enabling() {
        let (disable, enable) = (Command::Disable { at: AT }, Command::Enable { at: AT });
        given::<User>([registered()]).when(disable.clone()).then([disabled()]);
        given::<User>([registered(), disabled()]).when(disable).then_nothing();
        given::<User>([registered()]).when(enable.clone()).then_nothing();
        given::<User>([registered(), disabled()]).when(enable).then([Event::Enabled { at: AT }]);
    }

    #[test]
    fn the_same_access_is_no_change() {
        let access = |access| Command::ChangeAccess { access, at: AT };
        given::<User>([registered()]).when(access(Access::None)).then_nothing();
        given::<User>([registered(), disabled()])
            .when(access(Access::Auditor))
            .then([Event::AccessChanged { access: Access::Auditor, at: AT }]);
    }

    #[test]
    fn who_signs_in_elsewhere_has_no_password_here() {
        let change = Command::ChangePassword { at: AT };
        let through = |sign_in| Event::Registered { access: Access::None, sign_in, at: AT };
        given::<User>([through(SignIn::Oidc)])
            .when(change.clone())
            .then_rejected(Rejection::SignsInElsewhere);
        given::<User>([through(SignIn::None)])
            .when(change)
            .then([Event::PasswordChanged { at: AT }]);
    }

    #[test]
    fn a_session_ends_with_its_password_and_when_its_user_is_disabled() {
        let at = Timestamp::from_micros;
        let opened_at = at(5);
        let keeps = |history: &[Event]| User::replay(history).keeps_session(opened_at);
        assert!(keeps(&[registered()]));
        assert!(keeps(&[registered(), Event::PasswordChanged { at: at(4) }]));
        assert!(!keeps(&[registered(), Event::PasswordChanged { at: at(6) }]));
        let (disabled, enabled) = (Event::Disabled { at: at(6) }, Event::Enabled { at: at(7) });
        assert!(!keeps(&[registered(), disabled.clone()]));
        assert!(!keeps(&[registered(), disabled, enabled]));
        assert!(!keeps(&[registered(), Event::Erased { at: at(6) }]));
    }

    #[test]
    fn an_access_and_a_way_to_sign_in_read_back_as_themselves() {
        for access in Access::ALL {
            assert_eq!(access.to_string().parse(), Ok(access));
        }
        for sign_in in SignIn::ALL {
            assert_eq!(sign_in.to_string().parse(), Ok(sign_in));
        }
        assert!("root".parse::<Access>().is_err() && "magic".parse::<SignIn>().is_err());
    }

    fn register(sign_in: SignIn) -> Command {
        Command::Register { access: Access::None, sign_in, at: AT }
    }

    fn registered() -> Event {
        Event::Registered { access: Access::None, sign_in: SignIn::Password, at: AT }
    }

    fn disabled() -> Event {
        Event::Disabled { at: AT }
    }
}
