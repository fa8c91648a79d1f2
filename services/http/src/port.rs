//! A role's port: bound first, and served from then on until what was being answered is answered.

use std::{io, net::SocketAddr};

use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    accept::{ServeOptions, serve},
    startup::Startup,
};

/// Connections that may wait to be accepted. More than this at once, and clients try again after a second.
const BACKLOG: u32 = 4_096;

/// A port that answers for a role from before it has started until after it has stopped.
pub struct Port {
    pub startup: Startup,
    serving: JoinHandle<io::Result<()>>,
}

impl Port {
    pub fn open(
        listen: SocketAddr,
        options: ServeOptions,
        stop: &CancellationToken,
    ) -> io::Result<Self> {
        let listener = bind(listen)?;
        let startup = Startup::new();
        let serving = tokio::spawn(serve(listener, startup.clone(), options, stop.clone()));
        Ok(Self { startup, serving })
    }

    /// Returns when what was being answered is answered.
    pub async fn closed(self) -> io::Result<()> {
        self.serving.await?
    }
}

/// Needs a runtime.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A role that starts again finds connections of its former self still closing.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}
