//! What every implementation of the log must do, tried on each: in process with streams in SQLite, on one
//! nats-server, on three that replicate and sync before they acknowledge.
//!
//! `streams`, `tasks`, `messages` and `follow` are written against the traits alone. `faults` and `nodes` kill and stop servers.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod access;
mod backend;
mod clock;
mod events;
mod faults;
mod follow;
mod foreign;
mod messages;
mod nodes;
mod parts;
mod self_ping;
mod streams;
mod tasks;
