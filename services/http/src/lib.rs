//! What every role serves over HTTP: its connections, and what operators ask of it.

mod accept;
mod connection;
pub mod cors;
mod half_closed;
pub mod operations;
mod port;
mod refusal;
mod startup;

pub use self::{
    accept::{ServeOptions, serve},
    connection::{Connection, StreamedBody},
    operations::Readiness,
    port::{Port, bind},
    refusal::ErrorShape,
    startup::Startup,
};
