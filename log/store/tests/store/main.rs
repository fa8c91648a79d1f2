//! What every store must do, tried on each: `SQLite`, Postgres 15, Postgres 18.
//!
//! `event_store`, `archive`, `rows`, `leases`, `people`, `statements` and `relay` are written against the traits alone. `sqlite` and
//! `postgres` with `access` and `failover` are about what only one has, `upgrade` begins
//! with the first release's tables, `faults` kills servers.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod access;
mod archive;
mod backend;
mod event_store;
mod events;
mod failover;
mod faults;
mod leases;
mod people;
mod postgres;
mod quarantine;
mod relay;
mod rows;
mod sqlite;
mod statements;
mod upgrade;
