//! The store on Postgres 15 and above.
//!
//! Statements are plain SQL and rely on row locks, one advisory lock and `READ COMMITTED`. Every call has a time
//! limit; a connection on which a call was cut short is closed, never used again. When Postgres comes back, the
//! next call finds it.

mod address;
mod archive;
mod error;
mod event;
mod event_store;
mod examine;
mod failover;
mod leases;
mod listener;
mod locks;
mod people;
mod pool;
mod rows;
mod statement;
mod tls;

use std::sync::Arc;

pub use self::{
    address::shown,
    examine::{DatabaseState, examine},
};
use self::{
    archive::PostgresArchive, event_store::PostgresEventStore, leases::PostgresLeases,
    people::PostgresPeople, pool::Pool, rows::PostgresRows,
};
use crate::{Store, StoreError, migration::refused, quarantine::Quarantine};

mod schema {
    refinery::embed_migrations!("src/postgres/migrations");
}

/// Connects to the database and brings its tables up to date; several processes may do so at once.
///
/// Without `sslmode` in the URL the connection is not encrypted. `require` is as strict as `verify-full`.
pub async fn connect(url: &str) -> Result<Store, StoreError> {
    let pool = Pool::new(url)?;
    migrate(&pool).await?;
    event_store::mend_holders(&pool).await?;
    let pool = Arc::new(pool);
    let archive = Arc::new(PostgresArchive::new(Arc::clone(&pool)));
    Ok(Store {
        events: Arc::new(PostgresEventStore::new(Arc::clone(&pool))),
        people: Arc::new(PostgresPeople::new(Arc::clone(&pool))),
        quarantine: Arc::clone(&archive) as Arc<dyn Quarantine>,
        archive,
        rows: Arc::new(PostgresRows::new(Arc::clone(&pool))),
        leases: Arc::new(PostgresLeases::new(pool)),
    })
}

/// On a connection of its own: the lock goes with it, however the migration ends.
async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let mut client = pool.connect().await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&locks::MIGRATION]).await?;
    match schema::migrations::runner().run_async(&mut client).await {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(&error)),
    }
}
