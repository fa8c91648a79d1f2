//! What may be erased, on `SQLite`.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use rusqlite::{Connection, Params, Row};
use uplion_domain::EventId;

use super::{
    connection::{execute, select, select_one},
    readers::Readers,
};
use crate::{
    StoreError,
    event_store::CommitError,
    people::{
        Identifying, Identity, Notes, PasswordHash, People, Person, Personal, PersonalChange,
        email_key,
    },
};

pub struct SqlitePeople {
    readers: Arc<Readers>,
}

impl SqlitePeople {
    pub const fn new(readers: Arc<Readers>) -> Self {
        Self { readers }
    }

    async fn one(
        &self,
        condition: &str,
        parameters: impl Params + Send + 'static,
    ) -> Result<Option<Person>, StoreError> {
        let sql = format!("{PERSON} WHERE {condition}");
        self.readers.read(move |connection| select_one(connection, &sql, parameters, person)).await
    }
}

const PERSON: &str = "SELECT id, name, email, oidc_issuer, oidc_subject FROM people";

#[async_trait]
impl People for SqlitePeople {
    async fn person(&self, user: &str) -> Result<Option<Person>, StoreError> {
        self.one("id = ?", [user.to_owned()]).await
    }

    async fn by_email(&self, email: &str) -> Result<Option<Person>, StoreError> {
        self.one("email_key = ?", [email_key(email)]).await
    }

    async fn by_identity(&self, identity: &Identity) -> Result<Option<Person>, StoreError> {
        let Identity { issuer, subject } = identity.clone();
        self.one("oidc_issuer = ? AND oidc_subject = ?", [issuer, subject]).await
    }

    async fn among(&self, users: &[String]) -> Result<Vec<Person>, StoreError> {
        let sql = format!("{PERSON} WHERE id IN (SELECT value FROM json_each(?))");
        let users = list(users)?;
        self.readers.read(move |connection| select(connection, &sql, [users], person)).await
    }

    async fn password(&self, user: &str) -> Result<Option<PasswordHash>, StoreError> {
        const SQL: &str = "SELECT password_hash FROM people WHERE id = ?";
        let user = user.to_owned();
        let read = move |connection: &Connection| {
            select_one(connection, SQL, [user], |row| Ok(row.get::<_, Option<String>>(0)?))
        };
        Ok(self.readers.read(read).await?.flatten().map(PasswordHash))
    }

    async fn notes(&self, events: &[EventId]) -> Result<HashMap<EventId, Notes>, StoreError> {
        const SQL: &str = "SELECT event, reason, source_address, user_agent FROM event_notes
            WHERE event IN (SELECT value FROM json_each(?))";
        let events = list(&events.iter().map(EventId::as_str).collect::<Vec<_>>())?;
        let read = move |connection: &Connection| {
            select(connection, SQL, [events], |row| {
                let event = EventId::known(row.get::<_, String>(0)?);
                let (reason, source_address) = (row.get(1)?, row.get(2)?);
                Ok((event, Notes { reason, source_address, user_agent: row.get(3)? }))
            })
        };
        Ok(self.readers.read(read).await?.into_iter().collect())
    }
}

/// For `json_each`.
fn list<T: AsRef<str>>(texts: &[T]) -> Result<String, StoreError> {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    serde_json::to_string(&texts).map_err(|error| StoreError::Refused(error.to_string()))
}

fn person(row: &Row<'_>) -> Result<Person, StoreError> {
    let (issuer, subject): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let identity = issuer.zip(subject).map(|(issuer, subject)| Identity { issuer, subject });
    let (user, name, email) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Person { user, name, email, identity })
}

pub fn change(connection: &Connection, change: &PersonalChange) -> Result<(), CommitError> {
    const NAME: &str = "INSERT INTO people (id, name) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name";
    const EMAIL: &str = "INSERT INTO people (id, email, email_key) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key";
    const PASSWORD: &str = "INSERT INTO people (id, password_hash) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash";
    const IDENTITY: &str = "INSERT INTO people (id, oidc_issuer, oidc_subject)
        VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET oidc_issuer = excluded.oidc_issuer,
        oidc_subject = excluded.oidc_subject";
    let PersonalChange { user, what } = change;
    match what {
        Personal::Name(name) => execute(connection, NAME, (user, name))?,
        Personal::Email(email) => {
            const TAKEN: &str = "SELECT 1 FROM people WHERE email_key = ? AND id <> ?";
            let key = email_key(email);
            if select_one(connection, TAKEN, (&key, user), |_| Ok(()))?.is_some() {
                return Err(CommitError::PersonalTaken(Identifying::Email));
            }
            execute(connection, EMAIL, (user, email, &key))?
        }
        Personal::Password(hash) => {
            let hash = hash.as_ref().map(|PasswordHash(hash)| hash);
            execute(connection, PASSWORD, (user, hash))?
        }
        Personal::Identity(identity) => {
            const TAKEN: &str = "SELECT 1 FROM people
                WHERE oidc_issuer = ? AND oidc_subject = ? AND id <> ?";
            let issuer = identity.as_ref().map(|identity| &identity.issuer);
            let subject = identity.as_ref().map(|identity| &identity.subject);
            if select_one(connection, TAKEN, (issuer, subject, user), |_| Ok(()))?.is_some() {
                return Err(CommitError::PersonalTaken(Identifying::Identity));
            }
            execute(connection, IDENTITY, (user, issuer, subject))?
        }
        Personal::Forgotten => forget(connection, user)?,
    };
    Ok(())
}

fn forget(connection: &Connection, user: &str) -> Result<usize, StoreError> {
    const NOTES: &str = "DELETE FROM event_notes WHERE event IN (SELECT id FROM events
        WHERE actor = ?1 OR (aggregate = 'user' AND aggregate_id = ?1))";
    // What others wrote of changes that name the person, or that are of a key or a session of theirs. The events of one
    // change are of one moment, and not each of them names everybody.
    const ABOUT: &str = "UPDATE event_notes SET reason = NULL
        WHERE reason IS NOT NULL AND event IN (SELECT id FROM events
            WHERE (aggregate, aggregate_id, at) IN
                (SELECT aggregate, aggregate_id, at FROM events WHERE instr(payload, CAST(?1 AS BLOB)) > 0)
            OR (aggregate, aggregate_id) IN
                (SELECT aggregate, aggregate_id FROM events
                WHERE aggregate IN ('api_key', 'session')
                AND instr(payload, CAST(?1 AS BLOB)) > 0))";
    execute(connection, NOTES, [user])?;
    execute(connection, ABOUT, [user])?;
    execute(connection, "DELETE FROM people WHERE id = ?", [user])
}

pub fn note(connection: &Connection, event: &EventId, notes: &Notes) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO event_notes VALUES (?, ?, ?, ?)";
    let Notes { reason, source_address, user_agent } = notes;
    execute(connection, SQL, (event.as_str(), reason, source_address, user_agent)).map(drop)
}
