//! The roles as processes of their own: each binds its port first, says what it waits for, then serves.

pub mod control;
pub mod gateway;
pub mod projector;
pub mod worker;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use uplion_domain::Timestamp;
use uplion_gateway::{ServeOptions, serve};

use crate::operations::Stage;

/// How long a stopping gateway goes on with what it has admitted.
pub const DRAIN: Duration = Duration::from_secs(25);

/// A role's port, served from the start.
pub struct Front {
    pub stage: Stage,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Front {
    pub fn open(
        listen: SocketAddr,
        options: ServeOptions,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let listener = bind(listen)?;
        let stage = Stage::new();
        let serving = tokio::spawn(serve(listener, stage.clone(), options, stop.clone()));
        Ok(Self { stage, serving })
    }

    /// Returns when what was being answered is answered.
    pub async fn closed(self) -> Result<()> {
        self.serving
            .await
            .context("the server ended abnormally")?
            .context("connections cannot be taken")
    }
}

/// Connections that may wait to be accepted. More than this at once, and clients try again after a second.
const BACKLOG: u32 = 4_096;

pub fn bind(listen: SocketAddr) -> Result<TcpListener> {
    listener(listen).with_context(|| {
        format!("{listen} cannot be listened on: is another uplion running there? choose another with --listen")
    })
}

fn listener(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A role that starts again finds connections of its former self still closing.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}

pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// Names this process among those that wait for a lease, anew at each start.
pub fn lease_holder() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple())
}
