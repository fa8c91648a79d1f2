//! What may be erased: who the people behind the ids are, and what was noted beside events.
//!
//! Events name a person by id alone. The name, the e-mail address and how the person signs in lie in a table beside
//! the event store, as do the reasons that people wrote for their changes and the addresses that they came from.
//! They are written in the transaction of the event that they belong to, and erasing them changes no event.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use uplion_domain::{Envelope, Event, EventId, name, user, wire::Encoded};

use crate::StoreError;

/// What is known of a person. Whatever is not known was never said, or is not known any more.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// By id: `usr_…`.
    pub user: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub identity: Option<Identity>,
}

/// Who somebody is to a provider of `OpenID` Connect.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
}

/// In PHC format, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

/// A change of what is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalChange {
    pub user: String,
    pub what: Personal,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Personal {
    Name(String),
    /// Fails if another person has it.
    Email(String),
    /// None: no password opens anything.
    Password(Option<PasswordHash>),
    /// Fails if another person has it.
    Identity(Option<Identity>),
    /// Everything, and what was noted beside events that the person caused or that are about the person. Of what others
    /// noted beside the person's keys, sessions and memberships the reason goes.
    Forgotten,
}

/// What only one person can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifying {
    Email,
    Identity,
}

/// What is noted beside an event.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    pub source_address: Option<String>,
    pub user_agent: Option<String>,
}

#[async_trait]
pub trait People: Send + Sync {
    async fn person(&self, user: &str) -> Result<Option<Person>, StoreError>;

    /// However it is spelled: see [`email_key`].
    async fn by_email(&self, email: &str) -> Result<Option<Person>, StoreError>;

    async fn by_identity(&self, identity: &Identity) -> Result<Option<Person>, StoreError>;

    /// Those of `users` of whom something is known.
    async fn among(&self, users: &[String]) -> Result<Vec<Person>, StoreError>;

    async fn password(&self, user: &str) -> Result<Option<PasswordHash>, StoreError>;

    /// What is noted beside those of `events` beside which something is.
    async fn notes(&self, events: &[EventId]) -> Result<HashMap<EventId, Notes>, StoreError>;
}

/// Two spellings with the same key are the same address: nobody gives addresses that differ by case to two people.
pub fn email_key(email: &str) -> String {
    name::key(email)
}

/// Whether one of `changes` makes `user` forgotten.
pub(crate) fn forgets(changes: &[PersonalChange], user: &str) -> bool {
    changes.iter().any(|change| change.user == user && change.what == Personal::Forgotten)
}

/// What an event that comes back from CONTROL undoes of what an older copy of the database knows: whoever was erased
/// since is erased again, and a password that was given up opens nothing.
pub(crate) fn undone_by(event: &Encoded) -> Result<Option<PersonalChange>, StoreError> {
    let envelope =
        Envelope::decode(event).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let Event::User(user, event) = envelope.event else { return Ok(None) };
    let what = match event {
        user::Event::Erased { .. } => Personal::Forgotten,
        user::Event::PasswordChanged { .. } => Personal::Password(None),
        user::Event::Registered { .. }
        | user::Event::AccessChanged { .. }
        | user::Event::DetailsChanged { .. }
        | user::Event::Disabled { .. }
        | user::Event::Enabled { .. } => return Ok(None),
    };
    Ok(Some(PersonalChange { user: user.to_string(), what }))
}

impl Notes {
    pub const fn is_empty(&self) -> bool {
        let Self { reason, source_address, user_agent } = self;
        reason.is_none() && source_address.is_none() && user_agent.is_none()
    }
}

impl Personal {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "Name",
            Self::Email(_) => "Email",
            Self::Password(_) => "Password",
            Self::Identity(_) => "Identity",
            Self::Forgotten => "Forgotten",
        }
    }
}

// By hand, so that nothing of a person gets into a log with them.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes").finish_non_exhaustive()
    }
}

impl fmt::Display for Identifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "e-mail address",
            Self::Identity => "identity",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_any_case_and_between_spaces() {
        assert_eq!(email_key(" Ada@Example.ORG "), "ada@example.org");
        assert_eq!(email_key("ÄDA@example.org"), "äda@example.org");
        assert_ne!(email_key("ada@example.org"), email_key("ada@example.com"));
    }

    #[test]
    fn nothing_of_a_person_is_in_a_debug_text() {
        let (canary, user) = (|| "canary".to_owned(), || "usr_1".to_owned());
        let identity = Identity { issuer: canary(), subject: canary() };
        let hash = PasswordHash(canary());
        let mut texts = vec![format!("{hash:?} {identity:?}")];
        for what in [
            Personal::Name(canary()),
            Personal::Email(canary()),
            Personal::Password(Some(hash)),
            Personal::Identity(Some(identity.clone())),
        ] {
            texts.push(format!("{:?}", PersonalChange { user: user(), what }));
        }
        let [name, email] = [Some(canary()), Some(canary())];
        texts.push(format!("{:?}", Person { user: user(), name, email, identity: Some(identity) }));
        let [reason, source_address, user_agent] = [canary(), canary(), canary()].map(Some);
        texts.push(format!("{:?}", Notes { reason, source_address, user_agent }));
        assert!(texts.iter().all(|text| !text.contains("canary")), "{texts:?}");
    }
}
