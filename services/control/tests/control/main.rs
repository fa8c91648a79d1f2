//! The API over SQLite, with the relay and a projector at work behind it.

mod installation;

mod document;
mod errors;
mod events;
mod keys;
mod models;
mod prices;
mod projects;
mod usage;
mod writes;
