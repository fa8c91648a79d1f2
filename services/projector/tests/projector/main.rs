//! The projector at work: over SQLite in one process, and over Postgres and NATS.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod epochs;
mod events;
mod fixtures;
mod ingest;
mod marks;
mod people;
mod projections;
mod purge;
mod rebuild;
mod seeded;
mod sweeper;
mod upgrade;
