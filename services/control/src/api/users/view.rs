//! Users, as callers write and read them.

use poem_openapi::{Enum, Object};
use uplion_domain::user::{Access, SignIn};
use uplion_log_store::people::{Identity, Person};
use uplion_projections::users;

use crate::{person, problem::Problem, secret::Secret};

// No `Debug` on what somebody said of a person: it would be one slip away from a log line.

#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct NewUser {
    /// No other user has it.
    pub email: String,
    /// For people: 1 to 200 characters.
    pub name: String,
    /// In the whole installation, beside what projects give; `none` if left out.
    access: Option<UserAccess>,
    /// To sign in with; 12 to 128 bytes. Left out: the user cannot sign in until a password is set.
    pub password: Option<Secret>,
    /// Who the user is to a provider of `OpenID` Connect, instead of a password.
    identity: Option<UserIdentity>,
}

/// Who somebody is to a provider of `OpenID` Connect.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct UserIdentity {
    /// The provider's address, as it stands in its tokens.
    issuer: String,
    /// The provider's name for the user.
    subject: String,
}

/// What is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct ChangedUser {
    /// For people: 1 to 200 characters.
    pub name: Option<String>,
    /// No other user has it.
    pub email: Option<String>,
    /// In the whole installation.
    pub access: Option<UserAccess>,
}

#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct NewPassword {
    /// 12 to 128 bytes, and more than one character repeated.
    pub password: Secret,
    /// The one that there is: said by whoever changes their own.
    pub current_password: Option<Secret>,
}

/// A person who may sign in.
#[derive(Object)]
#[oai(rename = "User")]
pub struct UserView {
    id: String,
    /// Null of a person who was erased.
    name: Option<String>,
    email: Option<String>,
    access: UserAccess,
    sign_in: UserSignIn,
    status: UserStatus,
    registered_at: String,
    password_changed_at: Option<String>,
    disabled_at: Option<String>,
    erased_at: Option<String>,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum UserAccess {
    /// Nothing but what projects give.
    None,
    /// Sees everything and changes nothing.
    Auditor,
    Admin,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum UserSignIn {
    Password,
    /// Through a provider of `OpenID` Connect.
    Oidc,
    /// Not at all, so far.
    None,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    Disabled,
    Erased,
}

impl NewUser {
    pub fn access(&self) -> Access {
        self.access.map_or(Access::None, UserAccess::access)
    }

    pub fn sign_in(&self) -> Result<SignIn, Problem> {
        match (&self.password, &self.identity) {
            (None, None) => Ok(SignIn::None),
            (Some(_), None) => Ok(SignIn::Password),
            (None, Some(_)) => Ok(SignIn::Oidc),
            (Some(_), Some(_)) => Err(Problem::unacceptable(
                "rejected",
                "a user signs in with a password or through a provider, not both",
            )),
        }
    }

    pub fn identity(&self) -> Option<Result<Identity, Problem>> {
        let UserIdentity { issuer, subject } = self.identity.as_ref()?;
        Some(person::identity(issuer, subject))
    }
}

impl UserAccess {
    pub const fn access(self) -> Access {
        match self {
            Self::None => Access::None,
            Self::Auditor => Access::Auditor,
            Self::Admin => Access::Admin,
        }
    }

    pub const fn of(access: Access) -> Self {
        match access {
            Access::None => Self::None,
            Access::Auditor => Self::Auditor,
            Access::Admin => Self::Admin,
        }
    }
}

impl UserStatus {
    /// As it is asked for in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => users::Status::Active.as_str(),
            Self::Disabled => users::Status::Disabled.as_str(),
            Self::Erased => users::Status::Erased.as_str(),
        }
    }
}

impl UserView {
    pub fn of(row: &users::User, person: Option<Person>) -> Self {
        let status = match row.status() {
            users::Status::Active => UserStatus::Active,
            users::Status::Disabled => UserStatus::Disabled,
            users::Status::Erased => UserStatus::Erased,
        };
        let users::User {
            user,
            access,
            sign_in,
            registered_at,
            password_changed_at,
            disabled_at,
            erased_at,
        } = *row;
        let (name, email) = person.map_or((None, None), |person| (person.name, person.email));
        Self {
            id: user.to_string(),
            name,
            email,
            access: UserAccess::of(access),
            sign_in: match sign_in {
                SignIn::Password => UserSignIn::Password,
                SignIn::Oidc => UserSignIn::Oidc,
                SignIn::None => UserSignIn::None,
            },
            status,
            registered_at: registered_at.to_string(),
            password_changed_at: password_changed_at.map(|at| at.to_string()),
            disabled_at: disabled_at.map(|at| at.to_string()),
            erased_at: erased_at.map(|at| at.to_string()),
        }
    }
}
