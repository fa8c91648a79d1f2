//! Signing in: whose e-mail address and password these are.
//!
//! With `OpenID` Connect it will be a provider that says who somebody is; what follows, a session, is the same.

use std::sync::Arc;

use uplion_domain::{
    UserId,
    user::{Account, SignIn, User},
};
use uplion_log_store::{
    event_store::EventStore,
    people::{People, email_key},
};

use super::{password::Passwords, throttle::Throttle};
use crate::{
    aggregate::Recorded,
    metrics::{Metrics, SignInEnd},
    origin::Origin,
    problem::Problem,
    secret::Secret,
    write::replay,
};

#[derive(Clone)]
pub struct SignIns {
    pub events: Arc<dyn EventStore>,
    pub people: Arc<dyn People>,
    pub passwords: Passwords,
    pub throttle: Arc<Throttle>,
    pub metrics: Metrics,
}

/// Who it is, as far as passwords tell.
enum PasswordCheck {
    Matches(UserId, Account),
    Disabled,
    NoMatch,
}

impl SignIns {
    pub async fn by_password(
        &self,
        email: &str,
        password: Secret,
        origin: &Origin,
    ) -> Result<(UserId, Account), Problem> {
        let this = self.throttle.enter(&email_key(email), origin.source).map_err(|wait| {
            self.ended(SignInEnd::TooSoon, origin);
            Problem::too_many_tries(wait.0)
        })?;
        match self.check_password(email, password).await {
            Ok(PasswordCheck::Matches(user, account)) => {
                self.throttle.succeeded(this);
                Ok((user, account))
            }
            Ok(PasswordCheck::Disabled) => {
                self.throttle.succeeded(this);
                self.ended(SignInEnd::Disabled, origin);
                Err(Problem::forbidden("your account is disabled: ask an administrator"))
            }
            Ok(PasswordCheck::NoMatch) => {
                self.ended(SignInEnd::Wrong, origin);
                Err(Problem::wrong_credentials())
            }
            // It says nothing of who tried.
            Err(problem) => {
                self.throttle.withdrawn(this);
                Err(problem)
            }
        }
    }

    /// Whether somebody who is signed in is still who they were: a session that was left open is no password.
    pub async fn confirm(
        &self,
        user: UserId,
        password: Secret,
        origin: &Origin,
    ) -> Result<bool, Problem> {
        let account = user.to_string();
        let this = self.throttle.enter(&account, origin.source);
        let this = this.map_err(|wait| Problem::too_many_tries(wait.0))?;
        let known = self.people.password(&account).await?;
        let right = self.passwords.is_right(password, known).await?;
        if right {
            self.throttle.succeeded(this);
        }
        Ok(right)
    }

    /// Whether what was true of the account when its password was looked at is true still: otherwise the password may
    /// have been changed, and with it all sessions closed, before this one was opened.
    pub async fn still(&self, user: UserId, account: Account) -> Result<bool, Problem> {
        let history = self.events.history(&User::aggregate(&user)).await?;
        Ok(match replay::<User>(&history)? {
            User::Active(now) => now.signed_out_at == account.signed_out_at,
            User::Unregistered | User::Disabled(_) | User::Erased => false,
        })
    }

    /// The same look-ups and the same hashing whether or not anybody has that address.
    async fn check_password(
        &self,
        email: &str,
        password: Secret,
    ) -> Result<PasswordCheck, Problem> {
        let person = self.people.by_email(email).await?;
        let user = person.map_or_else(String::new, |person| person.user);
        let id = user.parse().unwrap_or_else(|_| UserId::new(uuid::Uuid::nil()));
        // Before the password, so that it can be told later whether that was changed meanwhile.
        let history = self.events.history(&User::aggregate(&id)).await?;
        let state = replay::<User>(&history)?;
        let known = self.people.password(&user).await?;
        let right = self.passwords.is_right(password, known).await?;
        Ok(match state {
            User::Active(account) if right && account.sign_in == SignIn::Password => {
                PasswordCheck::Matches(id, account)
            }
            User::Disabled(account) if right && account.sign_in == SignIn::Password => {
                PasswordCheck::Disabled
            }
            User::Unregistered | User::Active(_) | User::Disabled(_) | User::Erased => {
                PasswordCheck::NoMatch
            }
        })
    }

    /// The address that was tried is in no log line: it may be a password typed into the wrong field.
    pub fn ended(&self, end: SignInEnd, origin: &Origin) {
        self.metrics.sign_ins.get_or_create(&end.into()).inc();
        if end != SignInEnd::Opened {
            tracing::warn!(
                end = end.as_str(),
                control.request.id = origin.request_id.as_deref(),
                "control.sign_in.failed"
            );
        }
    }
}
