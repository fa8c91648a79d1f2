//! The archive on `SQLite`.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use uplion_domain::{EventId, RequestId, wire::Encoded};
use uplion_log_transport::stream::{Record, StreamName};

use super::{
    connection::{execute, select, select_one},
    event, leases,
    readers::Readers,
    rows::table,
    writer::Writer,
};
use crate::{
    StoreError,
    archive::{Archive, Archived, IngestError, Ingested, Tail},
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
    ) -> Result<Ingested, IngestError> {
        batch::continues(from, batch)?;
        let (lease, batch) = (lease.clone(), batch.to_vec());
        let ingest = move |connection: &Connection| {
            if !leases::holds(connection, &lease)? || !ends_at(connection, stream, from)? {
                return Err(IngestError::Moved { stream });
            }
            Ok(append(connection, stream, from, &batch)?)
        };
        self.writer.write(ingest).await
    }

    async fn begin_epoch(&self, stream: StreamName, tail: Tail) -> Result<(), StoreError> {
        let begin = move |connection: &Connection| {
            execute(connection, "DELETE FROM archived WHERE stream = ?", [stream.as_str()])?;
            set_tail(connection, stream, tail)
        };
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

    async fn archived_before(
        &self,
        stream: StreamName,
        micros: i64,
    ) -> Result<Option<u64>, StoreError> {
        const SQL: &str = "SELECT max(sequence) FROM archived WHERE stream = ? AND micros <= ?";
        self.readers
            .read(move |connection| {
                let found = select_one(connection, SQL, (stream.as_str(), micros), |row| {
                    Ok(row.get::<_, Option<i64>>(0)?)
                })?;
                Ok(found.flatten().map(unsigned))
            })
            .await
    }
}

const SELECT: &str = "SELECT subject, id, kind, at, traceparent, actor, request_id, payload, pos, stream, epoch, sequence, effective FROM archive";

fn archived(row: &Row<'_>) -> Result<Archived, StoreError> {
    let (subject, event) = event::read(row, 0)?;
    let stream: String = row.get(event::NEXT + 1)?;
    Ok(Archived {
        pos: unsigned(row.get(event::NEXT)?),
        stream: batch::stream(&stream)?,
        epoch: small(row.get(event::NEXT + 2)?),
        sequence: unsigned(row.get(event::NEXT + 3)?),
        effective: row.get(event::NEXT + 4)?,
        subject,
        event,
    })
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
) -> Result<Ingested, StoreError> {
    const SQL: &str = "INSERT INTO archive VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (mut pos, mut counts) = (head(connection)?, Vec::with_capacity(batch.len()));
    for Record { sequence, subject, event } in batch {
        pos += 1;
        let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
        let request = batch::request_of(id).map(|request| request.uuid().into_bytes());
        let effective = is_new(connection, request, id)?;
        let row = (
            signed(pos),
            stream.as_str(),
            from.epoch,
            signed(*sequence),
            effective,
            request,
            subject.to_string(),
            id.as_str(),
            kind,
            at.micros(),
            traceparent,
            actor,
            payload,
            request_id,
        );
        execute(connection, SQL, row)?;
        counts.push(effective);
    }
    if let Some(last) = batch.last() {
        let tail = Tail { sequence: last.sequence, ..from };
        set_tail(connection, stream, tail)?;
        note_time(connection, stream, last.sequence)?;
    }
    Ok(Ingested { head: pos, effective: counts })
}

/// Whether no event was archived under this id. Those of requests are found in the archive itself, by its index of
/// requests; all others are few, and remembered.
fn is_new(
    connection: &Connection,
    request: Option<[u8; 16]>,
    id: &EventId,
) -> Result<bool, StoreError> {
    const OF_REQUEST: &str = "SELECT 1 FROM archive WHERE request = ? AND id = ?";
    const SEEN: &str = "INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING";
    match request {
        Some(request) => {
            let found = select_one(connection, OF_REQUEST, (request, id.as_str()), |_| Ok(()))?;
            Ok(found.is_none())
        }
        None => Ok(execute(connection, SEEN, [id.as_str()])? == 1),
    }
}

fn set_tail(connection: &Connection, stream: StreamName, tail: Tail) -> Result<(), StoreError> {
    const SQL: &str = "INSERT OR REPLACE INTO tails VALUES (?, ?, ?, ?)";
    let Tail { epoch, created, sequence } = tail;
    execute(connection, SQL, (stream.as_str(), epoch, created, signed(sequence))).map(drop)
}

fn note_time(connection: &Connection, stream: StreamName, sequence: u64) -> Result<(), StoreError> {
    const NOTE: &str = "INSERT OR REPLACE INTO archived VALUES (?, ?, ?, ?)";
    const FORGET: &str = "DELETE FROM archived WHERE stream = ? AND slot < ?";
    let now = clock::now_micros();
    let slot = now / batch::SLOT_MICROS;
    execute(connection, NOTE, (stream.as_str(), slot, now, signed(sequence)))?;
    execute(connection, FORGET, (stream.as_str(), slot - batch::SLOTS_KEPT)).map(drop)
}
