//! Commands that were carried out, and what they were answered with: for a while, for each who gave them.

use deadpool_postgres::Transaction;

use super::{execute, query};
use crate::{
    StoreError,
    event_store::{CommitError, Idempotency},
    idempotency,
    number::{signed, unsigned},
};

pub async fn refuse_repeated(
    transaction: &Transaction<'_>,
    command: &Idempotency,
) -> Result<(), CommitError> {
    const SQL: &str = "SELECT fingerprint, answer, position FROM commands
        WHERE actor = $1 AND idempotency_key = $2 AND at > $3";
    let Idempotency { actor, key, fingerprint, .. } = command;
    let rows = query(transaction, SQL, &[actor, key, &idempotency::forgotten(command)]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let done = || -> Result<_, tokio_postgres::Error> {
        Ok((row.try_get::<_, String>(0)?, row.try_get(1)?, unsigned(row.try_get(2)?)))
    };
    let (known, answer, position) = done().map_err(StoreError::from)?;
    if known == *fingerprint {
        Err(CommitError::Repeated { answer, position })
    } else {
        Err(CommitError::KeyReused)
    }
}

/// Notes that it is done, and lets go of some that are too old.
pub async fn remember(
    transaction: &Transaction<'_>,
    command: &Idempotency,
    position: u64,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM commands WHERE (actor, idempotency_key) IN
        (SELECT actor, idempotency_key FROM commands WHERE at <= $1 ORDER BY at LIMIT $2)";
    const REMEMBER: &str = "INSERT INTO commands VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (actor, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint,
        answer = excluded.answer, position = excluded.position, at = excluded.at";
    let Idempotency { actor, key, fingerprint, answer, kept: _ } = command;
    execute(transaction, FORGET, &[&idempotency::forgotten(command), &idempotency::TOGETHER])
        .await?;
    let (position, now) = (signed(position), crate::clock::now_micros());
    execute(transaction, REMEMBER, &[actor, key, fingerprint, answer, &position, &now])
        .await
        .map(drop)
}
