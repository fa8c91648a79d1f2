//! The archive on `SQLite`.

mod quarantine;

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use uplion_domain::{EventId, RequestId, cut::Mark, wire::Encoded};
use uplion_log_transport::stream::{Foreign, Record, StreamName};

use super::{
    connection::{execute, select, select_one},
    event, leases,
    readers::Readers,
    rows::table,
    writer::Writer,
};
use crate::{
    StoreError,
    archive::{Archive, Archived, EventCursor, IngestError, Ingested, Tail},
    batch, clock,
    event_query::{EventPage, EventQuery, Order, Parameter, QueryStep},
    lease::Lease,
    number::{limit, signed, small, unsigned},
};

pub struct SqliteArchive {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

impl SqliteArchive {
    pub const fn new(writer: Arc<Writer>, readers: Arc<Readers>) -> Self {
        Self { writer, readers }
    }
}

#[async_trait]
impl Archive for SqliteArchive {
    async fn tail(&self, stream: StreamName) -> Result<Option<Tail>, StoreError> {
        self.readers.read(move |connection| tail(connection, stream)).await
    }

    async fn ingest(
        &self,
        lease: &Lease,
        stream: StreamName,
        from: Tail,
        batch: &[Record],
        foreign: &[Foreign],
    ) -> Result<Ingested, IngestError> {
        batch::continues(from, batch, foreign)?;
        let (lease, batch, foreign) = (lease.clone(), batch.to_vec(), foreign.to_vec());
        let ingest = move |connection: &Connection| {
            if !leases::holds(connection, &lease)? || !ends_at(connection, stream, from)? {
                return Err(IngestError::Moved { stream });
            }
            Ok(append(connection, stream, from, &batch, &foreign)?)
        };
        self.writer.write(ingest).await
    }

    async fn begin_epoch(&self, stream: StreamName, tail: Tail) -> Result<(), StoreError> {
        let begin = move |connection: &Connection| set_tail(connection, stream, tail, 0);
        self.writer.write(begin).await
    }

    async fn read(
        &self,
        pos: u64,
        most: usize,
        only_effective: bool,
    ) -> Result<Vec<Archived>, StoreError> {
        let condition = if only_effective { "AND effective = 1" } else { "" };
        let sql = format!("{SELECT} WHERE pos > ? {condition} ORDER BY pos LIMIT ?");
        self.readers
            .read(move |connection| select(connection, &sql, (signed(pos), limit(most)), archived))
            .await
    }

    async fn find(
        &self,
        query: &EventQuery,
        order: Order,
        place: Option<u64>,
        most: usize,
    ) -> Result<EventPage, StoreError> {
        let query = query.clone();
        let find = move |connection: &Connection| {
            let step = QueryStep::new(&query, order, place, most, head(connection)?);
            let parameters =
                params_from_iter(step.parameters.iter().map(|parameter| match parameter {
                    Parameter::Number(number) => number as &dyn ToSql,
                    Parameter::Text(text) => text,
                }));
            let sql = table::numbered(&format!("{SELECT}{}", step.conditions));
            let events = select(connection, &sql, parameters, archived)?;
            Ok(step.found(events, most))
        };
        self.readers.read(find).await
    }

    async fn of_request(&self, request: RequestId) -> Result<Vec<Archived>, StoreError> {
        let sql = format!("{SELECT} WHERE request = ? ORDER BY pos");
        let request = request.uuid().into_bytes();
        self.readers.read(move |connection| select(connection, &sql, [request], archived)).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        self.readers.read(head).await
    }

    async fn mark_before(
        &self,
        stream: StreamName,
        micros: i64,
    ) -> Result<Option<Mark>, StoreError> {
        const SQL: &str = "SELECT epoch, sequence FROM marks WHERE stream = ? AND archived_at <= ?
            ORDER BY minute DESC LIMIT 1";
        self.readers
            .read(move |connection| {
                select_one(connection, SQL, (stream.as_str(), micros), |row| {
                    Ok(Mark { epoch: small(row.get(0)?), sequence: unsigned(row.get(1)?) })
                })
            })
            .await
    }

    async fn leaves(&self, stream: StreamName) -> Result<u64, StoreError> {
        self.readers.read(move |connection| leaves(connection, stream)).await
    }

    async fn cursor_at(&self, pos: u64) -> Result<Option<EventCursor>, StoreError> {
        let sql = format!("{SELECT_CURSOR} WHERE pos = ?");
        let found = self.readers.read(move |connection| {
            select_one(connection, &sql, [signed(pos)], |row| Ok(cursor(row)?.1))
        });
        found.await
    }

    async fn next_of(
        &self,
        stream: StreamName,
        pos: u64,
    ) -> Result<Option<(u64, EventCursor)>, StoreError> {
        // The stream spelled out, because that is what the indexes are made for.
        let sql =
            format!("{SELECT_CURSOR} WHERE stream = '{stream}' AND pos >= ? ORDER BY pos LIMIT 1");
        self.readers
            .read(move |connection| select_one(connection, &sql, [signed(pos)], cursor))
            .await
    }
}

const SELECT: &str = "SELECT subject, id, kind, at, traceparent, actor, request_id, payload, pos, stream, epoch, sequence, effective, message_index FROM archive";
const SELECT_CURSOR: &str = "SELECT pos, stream, epoch, sequence, message_index FROM archive";

fn archived(row: &Row<'_>) -> Result<Archived, StoreError> {
    let (subject, event) = event::read(row, 0)?;
    let stream: String = row.get(event::NEXT + 1)?;
    Ok(Archived {
        pos: unsigned(row.get(event::NEXT)?),
        stream: batch::stream(&stream)?,
        epoch: small(row.get(event::NEXT + 2)?),
        sequence: unsigned(row.get(event::NEXT + 3)?),
        effective: row.get(event::NEXT + 4)?,
        index: small(row.get(event::NEXT + 5)?),
        subject,
        event,
    })
}

fn cursor(row: &Row<'_>) -> Result<(u64, EventCursor), StoreError> {
    let (pos, stream): (i64, String) = (row.get(0)?, row.get(1)?);
    let (stream, epoch) = (batch::stream(&stream)?, small(row.get(2)?));
    let (sequence, index) = (unsigned(row.get(3)?), small(row.get(4)?));
    Ok((unsigned(pos), EventCursor { stream, epoch, sequence, index }))
}

fn leaves(connection: &Connection, stream: StreamName) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT leaves FROM tails WHERE stream = ?";
    let leaves = select_one(connection, SQL, [stream.as_str()], |row| Ok(unsigned(row.get(0)?)))?;
    Ok(leaves.unwrap_or(0))
}

pub fn tail(connection: &Connection, stream: StreamName) -> Result<Option<Tail>, StoreError> {
    const SQL: &str = "SELECT epoch, created, sequence FROM tails WHERE stream = ?";
    select_one(connection, SQL, [stream.as_str()], |row| {
        let (epoch, created) = (small(row.get(0)?), row.get(1)?);
        Ok(Tail { epoch, created, sequence: unsigned(row.get(2)?) })
    })
}

fn ends_at(connection: &Connection, stream: StreamName, from: Tail) -> Result<bool, StoreError> {
    Ok(batch::continues_at(tail(connection, stream)?, from))
}

fn head(connection: &Connection) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT coalesce(max(pos), 0) FROM archive";
    Ok(select_one(connection, SQL, [], |row| Ok(unsigned(row.get(0)?)))?.unwrap_or(0))
}

/// The events of a stream behind `sequence`, in order. Looks at the whole archive.
pub fn of_stream(
    connection: &Connection,
    stream: StreamName,
    epoch: u32,
    sequence: u64,
) -> Result<Vec<Archived>, StoreError> {
    let sql = format!("{SELECT} WHERE stream = ? AND epoch = ? AND sequence > ? ORDER BY pos");
    select(connection, &sql, (stream.as_str(), epoch, signed(sequence)), archived)
}

fn append(
    connection: &Connection,
    stream: StreamName,
    from: Tail,
    batch: &[Record],
    foreign: &[Foreign],
) -> Result<Ingested, StoreError> {
    quarantine::set_aside(connection, stream, from.epoch, foreign)?;
    let (mut pos, mut counts) = (head(connection)?, Vec::with_capacity(batch.len()));
    for record in batch {
        pos += 1;
        let effective = is_new(connection, &record.event.id)?
            && !batch::is_late(record)
            && takes_back_the_effective_one(connection, &record.event)?;
        insert(connection, stream, from.epoch, pos, record, effective)?;
        counts.push(effective);
    }
    if let Some(sequence) = batch::last(batch, foreign) {
        let tail = Tail { sequence, ..from };
        let leaves = leaves(connection, stream)? + batch.len() as u64;
        set_tail(connection, stream, tail, leaves)?;
        note_time(connection, stream, tail)?;
    }
    Ok(Ingested { head: pos, effective: counts })
}

fn insert(
    connection: &Connection,
    stream: StreamName,
    epoch: u32,
    pos: u64,
    record: &Record,
    effective: bool,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO archive (pos, stream, epoch, sequence, message_index, effective,
        request, subject, id, kind, at, traceparent, actor, request_id, payload)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let Record { sequence, index, appended_at: _, subject, event } = record;
    let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
    let row = (
        signed(pos),
        stream.as_str(),
        epoch,
        signed(*sequence),
        index,
        effective,
        id.request().map(|request| request.uuid().into_bytes()),
        subject.to_string(),
        id.as_str(),
        kind,
        at.micros(),
        traceparent,
        actor,
        request_id,
        payload,
    );
    execute(connection, SQL, row).map(drop)
}

/// Whether no effective event was archived under this id. Those of requests are found in the archive itself, by its
/// index of requests; all others are few, and remembered.
fn is_new(connection: &Connection, id: &EventId) -> Result<bool, StoreError> {
    const SEEN: &str = "INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING";
    match id.request() {
        Some(request) => Ok(effective(connection, request, id)?.is_none()),
        None => Ok(execute(connection, SEEN, [id.as_str()])? == 1),
    }
}

/// True of every event that takes nothing back.
fn takes_back_the_effective_one(
    connection: &Connection,
    event: &Encoded,
) -> Result<bool, StoreError> {
    let Some(request) = batch::takes_back(event) else { return Ok(true) };
    let settled = effective(connection, request, &EventId::settled(request))?;
    Ok(settled.is_some_and(|settled| batch::is_reversal_of(&settled, event)))
}

/// The event of a request that counts under this id.
fn effective(
    connection: &Connection,
    request: RequestId,
    id: &EventId,
) -> Result<Option<Encoded>, StoreError> {
    let sql = format!("{SELECT} WHERE request = ? AND id = ? AND effective = 1");
    let of = (request.uuid().into_bytes(), id.as_str());
    select_one(connection, &sql, of, |row| Ok(event::read(row, 0)?.1))
}

fn set_tail(
    connection: &Connection,
    stream: StreamName,
    tail: Tail,
    leaves: u64,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT OR REPLACE INTO tails (stream, epoch, created, sequence, leaves)
        VALUES (?, ?, ?, ?, ?)";
    let Tail { epoch, created, sequence } = tail;
    let row = (stream.as_str(), epoch, created, signed(sequence), signed(leaves));
    execute(connection, SQL, row).map(drop)
}

fn note_time(connection: &Connection, stream: StreamName, tail: Tail) -> Result<(), StoreError> {
    const NOTE: &str = "INSERT OR REPLACE INTO marks (stream, minute, archived_at, epoch, sequence)
        VALUES (?, ?, ?, ?, ?)";
    let (now, Tail { epoch, sequence, created: _ }) = (clock::now_micros(), tail);
    let row = (stream.as_str(), now / batch::MINUTE_MICROS, now, epoch, signed(sequence));
    execute(connection, NOTE, row).map(drop)
}
