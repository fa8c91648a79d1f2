//! The shared log at rest: the control plane's event store with its relay and, beside it, what may be erased; the
//! archive of everything, and the rows of projections with their checkpoints.
//!
//! Two implementations, Postgres and SQLite, and one conformance suite that runs against both.

pub mod archive;
pub mod continuity;
pub mod event_query;
pub mod event_store;
pub mod lease;
pub mod people;
pub mod postgres;
pub mod quarantine;
pub mod relay;
pub mod restore;
pub mod rows;
pub mod sqlite;

mod batch;
mod clock;
mod idempotency;
mod migration;
mod number;
mod table_copies;
mod uniqueness;

use std::sync::Arc;

/// The store, as the services see it.
#[derive(Clone)]
pub struct Store {
    pub events: Arc<dyn event_store::EventStore>,
    pub people: Arc<dyn people::People>,
    pub archive: Arc<dyn archive::Archive>,
    pub quarantine: Arc<dyn quarantine::Quarantine>,
    pub rows: Arc<dyn rows::Rows>,
    pub leases: Arc<dyn lease::Leases>,
}

/// Something is wrong with the database; nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    #[error("the database refused: {0}")]
    Refused(String),
    #[error("the database holds what cannot be read: {0}")]
    Unreadable(String),
}
