//! The roles as processes of their own: each binds its port first, says what it waits for, then serves.

pub mod control;
pub mod gateway;
pub mod projector;
pub mod worker;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uplion_domain::Timestamp;
use uplion_http::{Port, ServeOptions};

/// How long a stopping gateway goes on with what it has admitted.
pub const DRAIN: Duration = Duration::from_secs(25);

/// A role's port, served from the start.
pub fn open(listen: SocketAddr, options: ServeOptions, stop: &CancellationToken) -> Result<Port> {
    Port::open(listen, options, stop).with_context(|| in_use(listen))
}

pub fn bind(listen: SocketAddr) -> Result<TcpListener> {
    uplion_http::bind(listen).with_context(|| in_use(listen))
}

/// Returns when what was being answered is answered.
pub async fn closed(port: Port) -> Result<()> {
    port.closed().await.context("the server ended abnormally")
}

fn in_use(listen: SocketAddr) -> String {
    format!(
        "{listen} cannot be listened on: is another uplion running there? choose another with --listen"
    )
}

pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// Names this process among those that wait for a lease, anew at each start.
pub fn lease_holder() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple())
}
