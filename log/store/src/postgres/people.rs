//! What may be erased, on Postgres.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::{Row, types::ToSql};
use uplion_domain::EventId;

use super::{
    pool::{Pool, USUAL, within},
    statement::{execute, query},
};
use crate::{
    StoreError,
    event_store::CommitError,
    people::{
        Identifying, Identity, Notes, PasswordHash, People, Person, Personal, PersonalChange,
        email_key,
    },
};

pub struct PostgresPeople {
    pool: Arc<Pool>,
}

impl PostgresPeople {
    pub const fn new(pool: Arc<Pool>) -> Self {
        Self { pool }
    }

    async fn select(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let session = self.pool.session().await?;
        let rows = within(USUAL, query(&*session, sql, parameters)).await?;
        session.done();
        rows
    }

    async fn one(
        &self,
        condition: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Person>, StoreError> {
        let rows = self.select(&format!("{PERSON} WHERE {condition}"), parameters).await?;
        rows.first().map(person).transpose()
    }
}

const PERSON: &str = "SELECT id, name, email, oidc_issuer, oidc_subject FROM people";

#[async_trait]
impl People for PostgresPeople {
    async fn person(&self, user: &str) -> Result<Option<Person>, StoreError> {
        self.one("id = $1", &[&user]).await
    }

    async fn by_email(&self, email: &str) -> Result<Option<Person>, StoreError> {
        self.one("email_key = $1", &[&email_key(email)]).await
    }

    async fn by_identity(&self, identity: &Identity) -> Result<Option<Person>, StoreError> {
        let Identity { issuer, subject } = identity;
        self.one("oidc_issuer = $1 AND oidc_subject = $2", &[issuer, subject]).await
    }

    async fn among(&self, users: &[String]) -> Result<Vec<Person>, StoreError> {
        let rows = self.select(&format!("{PERSON} WHERE id = ANY($1)"), &[&users]).await?;
        rows.iter().map(person).collect()
    }

    async fn password(&self, user: &str) -> Result<Option<PasswordHash>, StoreError> {
        const SQL: &str = "SELECT password_hash FROM people WHERE id = $1";
        let rows = self.select(SQL, &[&user]).await?;
        let hash: Option<Option<String>> = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(hash.flatten().map(PasswordHash))
    }

    async fn notes(&self, events: &[EventId]) -> Result<HashMap<EventId, Notes>, StoreError> {
        const SQL: &str = "SELECT event, reason, source_address, user_agent FROM event_notes
            WHERE event = ANY($1)";
        let events: Vec<&str> = events.iter().map(EventId::as_str).collect();
        let mut found = HashMap::new();
        for row in self.select(SQL, &[&events]).await? {
            let notes = Notes {
                reason: row.try_get(1)?,
                source_address: row.try_get(2)?,
                user_agent: row.try_get(3)?,
            };
            found.insert(EventId::known(row.try_get::<_, &str>(0)?), notes);
        }
        Ok(found)
    }
}

fn person(row: &Row) -> Result<Person, StoreError> {
    let (issuer, subject): (Option<String>, Option<String>) = (row.try_get(3)?, row.try_get(4)?);
    let identity = issuer.zip(subject).map(|(issuer, subject)| Identity { issuer, subject });
    let (user, name, email) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Person { user, name, email, identity })
}

pub async fn change(
    transaction: &Transaction<'_>,
    change: &PersonalChange,
) -> Result<(), CommitError> {
    const NAME: &str = "INSERT INTO people (id, name) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name";
    const EMAIL: &str = "INSERT INTO people (id, email, email_key) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key";
    const PASSWORD: &str = "INSERT INTO people (id, password_hash) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash";
    const IDENTITY: &str = "INSERT INTO people (id, oidc_issuer, oidc_subject)
        VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET oidc_issuer = excluded.oidc_issuer,
        oidc_subject = excluded.oidc_subject";
    let PersonalChange { user, what } = change;
    match what {
        Personal::Name(name) => execute(transaction, NAME, &[user, name]).await?,
        Personal::Email(email) => {
            const TAKEN: &str = "SELECT 1 FROM people WHERE email_key = $1 AND id <> $2";
            let key = email_key(email);
            if !query(transaction, TAKEN, &[&key, user]).await?.is_empty() {
                return Err(CommitError::PersonalTaken(Identifying::Email));
            }
            execute(transaction, EMAIL, &[user, email, &key]).await?
        }
        Personal::Password(hash) => {
            let hash = hash.as_ref().map(|PasswordHash(hash)| hash);
            execute(transaction, PASSWORD, &[user, &hash]).await?
        }
        Personal::Identity(identity) => {
            const TAKEN: &str = "SELECT 1 FROM people
                WHERE oidc_issuer = $1 AND oidc_subject = $2 AND id <> $3";
            let issuer = identity.as_ref().map(|identity| &identity.issuer);
            let subject = identity.as_ref().map(|identity| &identity.subject);
            if !query(transaction, TAKEN, &[&issuer, &subject, user]).await?.is_empty() {
                return Err(CommitError::PersonalTaken(Identifying::Identity));
            }
            execute(transaction, IDENTITY, &[user, &issuer, &subject]).await?
        }
        Personal::Forgotten => forget(transaction, user).await?,
    };
    Ok(())
}

async fn forget(transaction: &Transaction<'_>, user: &str) -> Result<u64, StoreError> {
    const NOTES: &str = "DELETE FROM event_notes WHERE event IN (SELECT id FROM events
        WHERE actor = $1 OR (aggregate = 'user' AND aggregate_id = $1))";
    // What others wrote of changes that name the person, or that are of a key or a session of theirs. The events of one
    // change are of one moment, and not each of them names everybody.
    const ABOUT: &str = "UPDATE event_notes SET reason = NULL
        WHERE reason IS NOT NULL AND event IN (SELECT id FROM events
            WHERE (aggregate, aggregate_id, at) IN
                (SELECT aggregate, aggregate_id, at FROM events WHERE position(convert_to($1, 'UTF8') IN payload) > 0)
            OR (aggregate, aggregate_id) IN
                (SELECT aggregate, aggregate_id FROM events
                WHERE aggregate IN ('api_key', 'session')
                AND position(convert_to($1, 'UTF8') IN payload) > 0))";
    execute(transaction, NOTES, &[&user]).await?;
    execute(transaction, ABOUT, &[&user]).await?;
    execute(transaction, "DELETE FROM people WHERE id = $1", &[&user]).await
}

pub async fn note(
    transaction: &Transaction<'_>,
    event: &EventId,
    notes: &Notes,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO event_notes VALUES ($1, $2, $3, $4)";
    let Notes { reason, source_address, user_agent } = notes;
    let row: [&(dyn ToSql + Sync); 4] = [&event.as_str(), reason, source_address, user_agent];
    execute(transaction, SQL, &row).await.map(drop)
}
