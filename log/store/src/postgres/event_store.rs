//! The event store on Postgres: one transaction a command, one command at a time.

mod holders;
mod idempotency;
mod import;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Row, types::ToSql};
use uplion_domain::{
    EventId,
    subject::{AggregateId, Subject},
    wire::Encoded,
};

use super::{
    event,
    listener::{CHANNEL, Listener},
    locks, people,
    pool::{LONG, Pool, Session, USUAL, within},
    statement::{execute, query},
};
use crate::{
    StoreError,
    event_store::{Commit, CommitError, Committed, EventStore, Scope, Stored},
    number::{limit, signed, unsigned},
};

/// How long whoever waits for a commit trusts that it would have been notified.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub struct PostgresEventStore {
    pool: Arc<Pool>,
    /// Started by the first who waits: only the relay does.
    listener: OnceLock<Listener>,
}

impl PostgresEventStore {
    pub const fn new(pool: Arc<Pool>) -> Self {
        Self { pool, listener: OnceLock::new() }
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
}

/// Brings what versions before noted of who holds what up to this one.
pub async fn mend_holders(pool: &Pool) -> Result<(), StoreError> {
    let mut session = pool.session().await?;
    let mended = within(LONG, holders::mend(&mut session)).await?;
    session.done();
    mended
}

#[async_trait]
impl EventStore for PostgresEventStore {
    async fn history(&self, aggregate: &AggregateId) -> Result<Vec<Stored>, StoreError> {
        let rows = self.select(&of_aggregate(), &[&aggregate.kind(), &aggregate.id()]).await?;
        rows.iter().map(stored).collect()
    }

    async fn holder(&self, scope: Scope, value: &str) -> Result<Option<AggregateId>, StoreError> {
        const SQL: &str =
            "SELECT aggregate, aggregate_id FROM holders WHERE scope = $1 AND value = $2";
        let rows = self.select(SQL, &[&scope.as_str(), &scope.key(value)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let holder = AggregateId::parse(row.try_get(0)?, row.try_get(1)?);
        holder.map(Some).map_err(|error| StoreError::Unreadable(error.to_string()))
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let mut session = self.pool.session().await?;
        let committed = within(USUAL, write(&mut session, &commit)).await?;
        session.done();
        committed
    }

    async fn after(&self, position: u64, most: usize) -> Result<Vec<Stored>, StoreError> {
        let sql = format!("{} WHERE position > $1 ORDER BY position LIMIT $2", select());
        let rows = self.select(&sql, &[&signed(position), &limit(most)]).await?;
        rows.iter().map(stored).collect()
    }

    async fn position_of(&self, event: &EventId) -> Result<Option<u64>, StoreError> {
        let rows = self.select(POSITION_OF, &[&event.as_str()]).await?;
        first(&rows)
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(first(&self.select(HEAD, &[]).await?)?.unwrap_or(0))
    }

    async fn import(&self, events: &[(Subject, Encoded)]) -> Result<u64, StoreError> {
        let mut session = self.pool.session().await?;
        let new = within(LONG, import::import(&mut session, events)).await?;
        session.done();
        new
    }

    async fn changed(&self, position: u64, wait_ms: u64) -> Result<(), StoreError> {
        let deadline = Instant::now() + Duration::from_millis(wait_ms);
        let listener = self.listener.get_or_init(|| Listener::start(Arc::clone(&self.pool)));
        let mut heads = listener.heads();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.head().await? > position || left.is_zero() {
                return Ok(());
            }
            // Passing without news only means to look.
            let _ = timeout(left.min(LOOK_EVERY), heads.wait_for(|head| *head > position)).await;
        }
    }
}

const NOTIFY: &str = "SELECT pg_notify($1, $2)";
const POSITION_OF: &str = "SELECT position FROM events WHERE id = $1";
const HEAD: &str = "SELECT coalesce(max(position), 0) FROM events";

fn select() -> String {
    format!("SELECT {}, position, version FROM events", event::COLUMNS)
}

fn of_aggregate() -> String {
    format!("{} WHERE aggregate = $1 AND aggregate_id = $2 ORDER BY version", select())
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    let (subject, event) = event::read(row)?;
    let position = unsigned(row.try_get(event::NEXT)?);
    let version = unsigned(row.try_get(event::NEXT + 1)?);
    Ok(Stored { position, version, subject, event })
}

/// The first row's only column.
fn first(rows: &[Row]) -> Result<Option<u64>, StoreError> {
    rows.first().map(|row| Ok(unsigned(row.try_get(0)?))).transpose()
}

/// Held until the transaction ends: nobody else commits meanwhile, nor between its look and its commit.
async fn lock(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    query(transaction, "SELECT pg_advisory_xact_lock($1)", &[&locks::COMMIT]).await.map(drop)
}

async fn write(session: &mut Session, commit: &Commit) -> Result<Committed, CommitError> {
    let Commit { aggregate, expected_version, events, claims, personal, notes, idempotency } =
        commit;
    let transaction = session.transaction().await.map_err(StoreError::from)?;
    lock(&transaction).await?;
    if let Some(idempotency) = idempotency {
        idempotency::refuse_repeated(&transaction, idempotency).await?;
    }
    let current = version(&transaction, aggregate).await?;
    if current != *expected_version {
        return Err(CommitError::Conflict { current });
    }
    for change in claims {
        holders::exchange(&transaction, aggregate, change).await?;
    }
    for change in personal {
        people::change(&transaction, change).await?;
    }
    let (mut position, mut version) = (head(&transaction).await?, current);
    for event in events {
        (position, version) = (position + 1, version + 1);
        insert(&transaction, aggregate, position, version, event).await?;
        if commit.notes(event) {
            people::note(&transaction, &event.id, notes).await?;
        }
    }
    if let Some(command) = idempotency {
        idempotency::remember(&transaction, command, position).await?;
    }
    query(&transaction, NOTIFY, &[&CHANNEL, &position.to_string()]).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Committed { position, version })
}

async fn head(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    Ok(first(&query(transaction, HEAD, &[]).await?)?.unwrap_or(0))
}

async fn version(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
) -> Result<u64, StoreError> {
    const SQL: &str =
        "SELECT coalesce(max(version), 0) FROM events WHERE aggregate = $1 AND aggregate_id = $2";
    let rows = query(transaction, SQL, &[&aggregate.kind(), &aggregate.id()]).await?;
    Ok(first(&rows)?.unwrap_or(0))
}

async fn insert(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
    position: u64,
    version: u64,
    event: &Encoded,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
    let row: [&(dyn ToSql + Sync); 12] = [
        &signed(position),
        &aggregate.kind(),
        &aggregate.id(),
        &signed(version),
        &Subject::Control(aggregate.clone()).to_string(),
        &id.as_str(),
        kind,
        &at.micros(),
        traceparent,
        actor,
        payload,
        request_id,
    ];
    execute(transaction, SQL, &row).await.map(drop)
}
