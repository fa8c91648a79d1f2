//! The event store on `SQLite`. One thread writes, so positions are in commit order by themselves.

mod holders;
mod idempotency;
mod import;

pub use self::holders::mend as mend_holders;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rusqlite::{Connection, Row};
use tokio::{sync::watch, time::timeout};
use uplion_domain::{
    EventId,
    subject::{AggregateId, Subject},
    wire::Encoded,
};

use super::{
    connection::{execute, select, select_one},
    event, people,
    readers::Readers,
    writer::Writer,
};
use crate::{
    StoreError,
    event_store::{Commit, CommitError, Committed, EventStore, Scope, Stored},
    number::{limit, signed, unsigned},
};

pub struct SqliteEventStore {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    head: watch::Sender<u64>,
}

impl SqliteEventStore {
    pub fn new(writer: Arc<Writer>, readers: Arc<Readers>) -> Self {
        Self { writer, readers, head: watch::Sender::new(0) }
    }

    fn announce(&self, position: u64) {
        self.head.send_if_modified(|head| {
            let newer = position > *head;
            *head = position.max(*head);
            newer
        });
    }
}

#[async_trait]
impl EventStore for SqliteEventStore {
    async fn history(&self, aggregate: &AggregateId) -> Result<Vec<Stored>, StoreError> {
        let aggregate = aggregate.clone();
        self.readers.read(move |connection| history(connection, &aggregate)).await
    }

    async fn holder(&self, scope: Scope, value: &str) -> Result<Option<AggregateId>, StoreError> {
        let value = value.to_owned();
        self.readers.read(move |connection| holder(connection, scope, &value)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let forgets = commit.forgets();
        let write = move |connection: &Connection| write(connection, &commit);
        let committed = self.writer.write(write).await?;
        self.announce(committed.position);
        if forgets {
            self.writer.empty_journal().await;
        }
        Ok(committed)
    }

    async fn after(&self, position: u64, most: usize) -> Result<Vec<Stored>, StoreError> {
        let sql = format!("{SELECT} WHERE position > ? ORDER BY position LIMIT ?");
        self.readers
            .read(move |connection| {
                select(connection, &sql, (signed(position), limit(most)), stored)
            })
            .await
    }

    async fn position_of(&self, event: &EventId) -> Result<Option<u64>, StoreError> {
        let event = event.clone();
        self.readers.read(move |connection| position_of(connection, &event)).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        let head = self.readers.read(head).await?;
        self.announce(head);
        Ok(head)
    }

    async fn import(&self, events: &[(Subject, Encoded)]) -> Result<u64, StoreError> {
        let events = events.to_vec();
        let new = self.writer.write(move |connection| import::import(connection, &events)).await?;
        self.head().await?;
        // Somebody may have been forgotten again.
        self.writer.empty_journal().await;
        Ok(new)
    }

    async fn changed(&self, position: u64, wait_ms: u64) -> Result<(), StoreError> {
        // A commit whose caller went away meanwhile announced nothing.
        if self.head().await? > position {
            return Ok(());
        }
        let mut heads = self.head.subscribe();
        let newer = heads.wait_for(|head| *head > position);
        // Passing without news is no error.
        let _ = timeout(Duration::from_millis(wait_ms), newer).await;
        Ok(())
    }
}

const SELECT: &str = "SELECT subject, id, kind, at, traceparent, actor, request_id, payload,
    position, version FROM events";

fn stored(row: &Row<'_>) -> Result<Stored, StoreError> {
    let (subject, event) = event::read(row, 0)?;
    let [position, version] = [row.get(event::NEXT)?, row.get(event::NEXT + 1)?].map(unsigned);
    Ok(Stored { position, version, subject, event })
}

fn history(connection: &Connection, aggregate: &AggregateId) -> Result<Vec<Stored>, StoreError> {
    let sql = format!("{SELECT} WHERE aggregate = ? AND aggregate_id = ? ORDER BY version");
    select(connection, &sql, (aggregate.kind(), aggregate.id()), stored)
}

fn head(connection: &Connection) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT coalesce(max(position), 0) FROM events";
    Ok(select_one(connection, SQL, [], |row| Ok(unsigned(row.get(0)?)))?.unwrap_or(0))
}

fn version(connection: &Connection, aggregate: &AggregateId) -> Result<u64, StoreError> {
    const SQL: &str =
        "SELECT coalesce(max(version), 0) FROM events WHERE aggregate = ? AND aggregate_id = ?";
    let of = (aggregate.kind(), aggregate.id());
    Ok(select_one(connection, SQL, of, |row| Ok(unsigned(row.get(0)?)))?.unwrap_or(0))
}

fn position_of(connection: &Connection, event: &EventId) -> Result<Option<u64>, StoreError> {
    const SQL: &str = "SELECT position FROM events WHERE id = ?";
    select_one(connection, SQL, [event.as_str()], |row| Ok(unsigned(row.get(0)?)))
}

fn holder(
    connection: &Connection,
    scope: Scope,
    value: &str,
) -> Result<Option<AggregateId>, StoreError> {
    const SQL: &str = "SELECT aggregate, aggregate_id FROM holders WHERE scope = ? AND value = ?";
    select_one(connection, SQL, (scope.as_str(), scope.key(value)), |row| {
        let (kind, id): (String, String) = (row.get(0)?, row.get(1)?);
        AggregateId::parse(&kind, &id).map_err(|error| StoreError::Unreadable(error.to_string()))
    })
}

fn write(connection: &Connection, commit: &Commit) -> Result<Committed, CommitError> {
    let Commit { aggregate, expected_version, events, claims, personal, notes, idempotency } =
        commit;
    if let Some(idempotency) = idempotency {
        idempotency::refuse_repeated(connection, idempotency)?;
    }
    let current = version(connection, aggregate)?;
    if current != *expected_version {
        return Err(CommitError::Conflict { current });
    }
    for change in claims {
        holders::exchange(connection, aggregate, change)?;
    }
    for change in personal {
        people::change(connection, change)?;
    }
    let (mut position, mut version) = (head(connection)?, current);
    for event in events {
        (position, version) = (position + 1, version + 1);
        insert(connection, aggregate, position, version, event)?;
        if commit.notes(event) {
            people::note(connection, &event.id, notes)?;
        }
    }
    if let Some(command) = idempotency {
        idempotency::remember(connection, command, position)?;
    }
    Ok(Committed { position, version })
}

fn insert(
    connection: &Connection,
    aggregate: &AggregateId,
    position: u64,
    version: u64,
    event: &Encoded,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
    let row = (
        signed(position),
        aggregate.kind(),
        aggregate.id(),
        signed(version),
        Subject::Control(aggregate.clone()).to_string(),
        id.as_str(),
        kind,
        at.micros(),
        traceparent,
        actor,
        payload,
        request_id,
    );
    execute(connection, SQL, row).map(drop)
}
