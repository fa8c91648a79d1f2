//! The API with the relay and a projector at work behind it: over SQLite, and over Postgres and NATS.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod installation;

mod admin_keys;
mod audit;
mod browsers;
mod charges;
mod contract;
mod document;
mod errors;
mod events;
mod foundation;
mod keys;
mod keys_terms;
mod members;
mod models;
mod names;
mod origin;
mod people;
mod permissions;
mod prices;
mod projects;
mod relay;
mod servers;
mod sessions;
mod strangers;
mod usage;
mod users;
mod workers;
mod writers;
mod writes;
