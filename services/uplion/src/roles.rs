//! The roles of an installation, each a process of its own: it binds its port first, says what it waits for, then serves.
//!
//! A new role is a file in this folder and its line in `role_list.rs`: docs/add-a-role.md.

pub mod control;
pub mod gateway;
pub mod projector;
pub mod worker;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uplion_http::{Port, ServeOptions};

use crate::flags::Process;

/// How long a stopping gateway goes on with what it has admitted.
pub const DRAIN: Duration = Duration::from_secs(25);

/// What runs until it is told to stop. Its doc comment is what `uplion --help` says of it.
pub trait Role: Args {
    /// As it is typed after `uplion`, and as its table in the configuration file is called.
    const NAME: &'static str;

    fn process(&self) -> &Process;

    /// Returns when all that was being done is done.
    async fn run(self, stop: CancellationToken) -> Result<()>;
}

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

/// Names this process among those that wait for a lease, anew at each start.
pub fn lease_holder() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple())
}
