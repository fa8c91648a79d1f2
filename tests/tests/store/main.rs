//! What every store must do, tried on each: `SQLite`, Postgres 15, Postgres 18.
//!
//! `event_store`, `archive`, `rows`, `leases` and `relay` are written against the traits alone. `faults` kills servers.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod archive;
mod backend;
mod event_store;
mod events;
mod faults;
mod leases;
mod relay;
mod rows;
mod statements;
