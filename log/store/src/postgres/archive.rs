//! The archive on Postgres: binary COPY into partitions, one batch at a time.

mod partitions;
mod quarantine;
mod repeated;
mod writing;

use std::sync::Arc;

use async_trait::async_trait;
use tokio_postgres::{Row, types::ToSql};
use uplion_domain::{RequestId, cut::Mark};
use uplion_log_transport::stream::{Foreign, Record, StreamName};

use self::partitions::Partitions;
use super::{
    event,
    pool::{Pool, USUAL, within},
};
use crate::{
    StoreError,
    archive::{Archive, Archived, EventCursor, IngestError, Ingested, Tail},
    batch,
    event_query::{EventPage, EventQuery, Order, Parameter, QueryStep},
    lease::Lease,
    number::{limit, signed, small, unsigned},
};

pub struct PostgresArchive {
    pool: Arc<Pool>,
    partitions: Partitions,
}

impl PostgresArchive {
    pub fn new(pool: Arc<Pool>) -> Self {
        Self { pool, partitions: Partitions::default() }
    }

    async fn select(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let session = self.pool.session().await?;
        let rows = within(USUAL, async {
            let statement = session.prepare_cached(sql).await?;
            session.query(&statement, parameters).await
        });
        let rows = rows.await?;
        session.done();
        Ok(rows?)
    }
}

#[async_trait]
impl Archive for PostgresArchive {
    async fn tail(&self, stream: StreamName) -> Result<Option<Tail>, StoreError> {
        let rows = self.select(writing::TAIL, &[&stream.as_str()]).await?;
        rows.first().map(tail).transpose()
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
        let mut session = self.pool.session().await?;
        let batch = (batch, foreign);
        let ingest = writing::ingest(&mut session, &self.partitions, lease, stream, from, batch);
        let ingested = within(USUAL, ingest).await?;
        session.done();
        ingested
    }

    async fn begin_epoch(&self, stream: StreamName, tail: Tail) -> Result<(), StoreError> {
        let mut session = self.pool.session().await?;
        let begun = within(USUAL, writing::begin_epoch(&mut session, stream, tail)).await?;
        session.done();
        begun
    }

    async fn read(
        &self,
        pos: u64,
        most: usize,
        only_effective: bool,
    ) -> Result<Vec<Archived>, StoreError> {
        let condition = if only_effective { "AND effective" } else { "" };
        let sql = format!("{} WHERE pos > $1 {condition} ORDER BY pos LIMIT $2", select());
        let rows = self.select(&sql, &[&signed(pos), &limit(most)]).await?;
        rows.iter().map(archived).collect()
    }

    async fn find(
        &self,
        query: &EventQuery,
        order: Order,
        place: Option<u64>,
        most: usize,
    ) -> Result<EventPage, StoreError> {
        let step = QueryStep::new(query, order, place, most, self.head().await?);
        let parameters: Vec<&(dyn ToSql + Sync)> = step
            .parameters
            .iter()
            .map(|parameter| match parameter {
                Parameter::Number(number) => number as &(dyn ToSql + Sync),
                Parameter::Text(text) => text,
            })
            .collect();
        let rows = self.select(&format!("{}{}", select(), step.conditions), &parameters).await?;
        let events = rows.iter().map(archived).collect::<Result<_, _>>()?;
        Ok(step.found(events, most))
    }

    async fn of_request(&self, request: RequestId) -> Result<Vec<Archived>, StoreError> {
        let sql = format!("{} WHERE request = $1 ORDER BY pos", select());
        let rows = self.select(&sql, &[&request.uuid()]).await?;
        rows.iter().map(archived).collect()
    }

    async fn head(&self) -> Result<u64, StoreError> {
        let rows = self.select("SELECT pos FROM archive_head", &[]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?.map_or(0, unsigned))
    }

    async fn mark_before(
        &self,
        stream: StreamName,
        micros: i64,
    ) -> Result<Option<Mark>, StoreError> {
        const SQL: &str = "SELECT epoch, sequence FROM marks
            WHERE stream = $1 AND archived_at <= $2 ORDER BY minute DESC LIMIT 1";
        let rows = self.select(SQL, &[&stream.as_str(), &micros]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (epoch, sequence) = (small(row.try_get(0)?), unsigned(row.try_get(1)?));
        Ok(Some(Mark { epoch, sequence }))
    }

    async fn leaves(&self, stream: StreamName) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT leaves FROM tails WHERE stream = $1";
        let rows = self.select(SQL, &[&stream.as_str()]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?.map_or(0, unsigned))
    }

    async fn cursor_at(&self, pos: u64) -> Result<Option<EventCursor>, StoreError> {
        let sql = format!("{SELECT_CURSOR} WHERE pos = $1");
        let rows = self.select(&sql, &[&signed(pos)]).await?;
        Ok(rows.first().map(cursor).transpose()?.map(|(_, cursor)| cursor))
    }

    async fn next_of(
        &self,
        stream: StreamName,
        pos: u64,
    ) -> Result<Option<(u64, EventCursor)>, StoreError> {
        // The stream spelled out, because that is what the indexes are made for.
        let sql =
            format!("{SELECT_CURSOR} WHERE stream = '{stream}' AND pos >= $1 ORDER BY pos LIMIT 1");
        let rows = self.select(&sql, &[&signed(pos)]).await?;
        rows.first().map(cursor).transpose()
    }
}

const SELECT_CURSOR: &str = "SELECT pos, stream, epoch, sequence, message_index FROM archive";

fn cursor(row: &Row) -> Result<(u64, EventCursor), StoreError> {
    let (stream, epoch) = (batch::stream(row.try_get(1)?)?, small(row.try_get(2)?));
    let (sequence, index) = (unsigned(row.try_get(3)?), small(row.try_get(4)?));
    Ok((unsigned(row.try_get(0)?), EventCursor { stream, epoch, sequence, index }))
}

fn select() -> String {
    format!(
        "SELECT {}, pos, stream, epoch, sequence, effective, message_index FROM archive",
        event::COLUMNS
    )
}

fn archived(row: &Row) -> Result<Archived, StoreError> {
    let (subject, event) = event::read(row)?;
    Ok(Archived {
        pos: unsigned(row.try_get(event::NEXT)?),
        stream: batch::stream(row.try_get(event::NEXT + 1)?)?,
        epoch: small(row.try_get(event::NEXT + 2)?),
        sequence: unsigned(row.try_get(event::NEXT + 3)?),
        effective: row.try_get(event::NEXT + 4)?,
        index: small(row.try_get(event::NEXT + 5)?),
        subject,
        event,
    })
}

fn tail(row: &Row) -> Result<Tail, StoreError> {
    let (epoch, created) = (small(row.try_get(0)?), row.try_get(1)?);
    Ok(Tail { epoch, created, sequence: unsigned(row.try_get(2)?) })
}
