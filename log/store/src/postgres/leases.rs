//! Leases on Postgres, by its own clock.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_postgres::types::ToSql;
use uplion_domain::Timestamp;

use super::pool::{Pool, USUAL, within};
use crate::{
    StoreError,
    lease::{Lease, Leases},
};

/// Microseconds since 1970.
pub const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

pub struct PostgresLeases(Arc<Pool>);

impl PostgresLeases {
    pub const fn new(pool: Arc<Pool>) -> Self {
        Self(pool)
    }

    async fn one(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<i64>, StoreError> {
        let session = self.0.session().await?;
        let found = within(USUAL, async {
            let statement = session.prepare_cached(sql).await?;
            session.query_opt(&statement, parameters).await?.map(|row| row.try_get(0)).transpose()
        });
        let found = found.await?;
        session.done();
        Ok(found?)
    }
}

#[async_trait]
impl Leases for PostgresLeases {
    async fn take(
        &self,
        job: &str,
        holder: &str,
        keep: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        // Another token even for the same holder: it may be a restarted one, and its former self still alive.
        const SQL: &str = "INSERT INTO leases (job, holder, token, until)
            VALUES ($1, $2, 1, clock_timestamp() + $3::bigint * interval '1 microsecond')
            ON CONFLICT (job) DO UPDATE
            SET holder = excluded.holder, token = leases.token + 1, until = excluded.until
            WHERE leases.until <= clock_timestamp() OR leases.holder = excluded.holder
            RETURNING token";
        let token = self.one(SQL, &[&job, &holder, &micros(keep)]).await?;
        Ok(token.map(|token| Lease { job: job.to_owned(), holder: holder.to_owned(), token }))
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.one(NOW, &[]).await?.map(Timestamp::from_micros))
    }

    async fn renew(&self, lease: &Lease, keep: Duration) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE leases
            SET until = clock_timestamp() + $3::bigint * interval '1 microsecond'
            WHERE job = $1 AND token = $2 RETURNING token";
        Ok(self.one(SQL, &[&lease.job, &lease.token, &micros(keep)]).await?.is_some())
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE leases SET until = '-infinity' WHERE job = $1 AND token = $2 RETURNING token";
        self.one(SQL, &[&lease.job, &lease.token]).await.map(drop)
    }
}

fn micros(keep: Duration) -> i64 {
    i64::try_from(keep.as_micros()).unwrap_or(i64::MAX)
}
