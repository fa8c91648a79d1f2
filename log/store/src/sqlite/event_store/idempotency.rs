//! Commands that were carried out, and what they were answered with: for a while, for each who gave them.

use rusqlite::Connection;

use crate::{
    StoreError,
    event_store::{CommitError, Idempotency},
    idempotency,
    number::{signed, unsigned},
    sqlite::connection::{execute, select_one},
};

pub fn refuse_repeated(connection: &Connection, command: &Idempotency) -> Result<(), CommitError> {
    const SQL: &str = "SELECT fingerprint, answer, position FROM commands
        WHERE actor = ? AND idempotency_key = ? AND at > ?";
    let Idempotency { actor, key, fingerprint, .. } = command;
    let done = select_one(connection, SQL, (actor, key, idempotency::forgotten(command)), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, unsigned(row.get(2)?)))
    })?;
    match done {
        None => Ok(()),
        Some((known, answer, position)) if known == *fingerprint => {
            Err(CommitError::Repeated { answer, position })
        }
        Some(_) => Err(CommitError::KeyReused),
    }
}

/// Notes that it is done, and lets go of some that are too old.
pub fn remember(
    connection: &Connection,
    command: &Idempotency,
    position: u64,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM commands WHERE (actor, idempotency_key) IN
        (SELECT actor, idempotency_key FROM commands WHERE at <= ? ORDER BY at LIMIT ?)";
    const REMEMBER: &str = "INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?, ?)";
    let Idempotency { actor, key, fingerprint, answer, kept: _ } = command;
    execute(connection, FORGET, (idempotency::forgotten(command), idempotency::TOGETHER))?;
    let now = crate::clock::now_micros();
    let row = (actor, key, fingerprint, answer, signed(position), now);
    execute(connection, REMEMBER, row).map(drop)
}
