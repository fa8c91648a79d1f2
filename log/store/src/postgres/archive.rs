//! The archive on Postgres: binary COPY into partitions, one batch at a time.

mod partitions;
mod repeated;
mod writing;

use std::sync::Arc;

use async_trait::async_trait;
use tokio_postgres::{Row, types::ToSql};
use uplion_domain::RequestId;
use uplion_log_transport::stream::{Record, StreamName};

use self::partitions::Partitions;
use super::{
    event,
    pool::{Pool, USUAL, within},
};
use crate::{
    StoreError,
    archive::{Archive, Archived, IngestError, Ingested, Tail},
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
    ) -> Result<Ingested, IngestError> {
        batch::continues(from, batch)?;
        let mut session = self.pool.session().await?;
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

    async fn archived_before(
        &self,
        stream: StreamName,
        micros: i64,
    ) -> Result<Option<u64>, StoreError> {
        const SQL: &str = "SELECT max(sequence) FROM archived WHERE stream = $1 AND micros <= $2";
        let rows = self.select(SQL, &[&stream.as_str(), &micros]).await?;
        let found: Option<Option<i64>> = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(found.flatten().map(unsigned))
    }
}

fn select() -> String {
    format!("SELECT {}, pos, stream, epoch, sequence, effective FROM archive", event::COLUMNS)
}

fn archived(row: &Row) -> Result<Archived, StoreError> {
    let (subject, event) = event::read(row)?;
    Ok(Archived {
        pos: unsigned(row.try_get(event::NEXT)?),
        stream: batch::stream(row.try_get(event::NEXT + 1)?)?,
        epoch: small(row.try_get(event::NEXT + 2)?),
        sequence: unsigned(row.try_get(event::NEXT + 3)?),
        effective: row.try_get(event::NEXT + 4)?,
        subject,
        event,
    })
}

fn tail(row: &Row) -> Result<Tail, StoreError> {
    let (epoch, created) = (small(row.try_get(0)?), row.try_get(1)?);
    Ok(Tail { epoch, created, sequence: unsigned(row.try_get(2)?) })
}
