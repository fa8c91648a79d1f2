//! Leases on `SQLite`: one process uses the folder, but parts of it may still compete.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rusqlite::Connection;

use super::{
    connection::{execute, select_one},
    writer::Writer,
};
use crate::{
    StoreError, clock,
    lease::{Lease, Leases},
};

pub struct SqliteLeases(Arc<Writer>);

impl SqliteLeases {
    pub const fn new(writer: Arc<Writer>) -> Self {
        Self(writer)
    }
}

#[async_trait]
impl Leases for SqliteLeases {
    async fn take(
        &self,
        job: &str,
        holder: &str,
        keep: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        // Another token even for the same holder: it may be a restarted one, and its former self still alive.
        const SQL: &str = "INSERT INTO leases (job, holder, token, until) VALUES (?1, ?2, 1, ?4)
            ON CONFLICT (job) DO UPDATE SET holder = ?2, token = token + 1, until = ?4
            WHERE until <= ?3 OR holder = ?2
            RETURNING token";
        let (job, holder) = (job.to_owned(), holder.to_owned());
        let taken = self.0.write(move |connection| {
            let now = clock::now_micros();
            let row = (&job, &holder, now, until(now, keep));
            let token = select_one(connection, SQL, row, |row| Ok(row.get(0)?))?;
            Ok(token.map(|token| Lease { job, holder, token }))
        });
        taken.await
    }

    async fn renew(&self, lease: &Lease, keep: Duration) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE leases SET until = ? WHERE job = ? AND token = ?";
        let lease = lease.clone();
        let renewed = self.0.write(move |connection| {
            let until = until(clock::now_micros(), keep);
            Ok(execute(connection, SQL, (until, &lease.job, lease.token))? == 1)
        });
        renewed.await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE leases SET until = 0 WHERE job = ? AND token = ?";
        let lease = lease.clone();
        let released = self
            .0
            .write(move |connection| execute(connection, SQL, (&lease.job, lease.token)).map(drop));
        released.await
    }
}

/// Whoever held one has died: the folder is locked by us. Its successor need not wait until it expires.
pub fn end_all(connection: &Connection) -> Result<(), StoreError> {
    execute(connection, "UPDATE leases SET until = 0", []).map(drop)
}

/// Whether nobody took the lease meanwhile. Who let it expire may go on until then.
pub fn holds(connection: &Connection, lease: &Lease) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM leases WHERE job = ? AND token = ?";
    Ok(select_one(connection, SQL, (&lease.job, lease.token), |_| Ok(()))?.is_some())
}

fn until(now: i64, keep: Duration) -> i64 {
    now.saturating_add(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX))
}
