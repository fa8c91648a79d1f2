//! The roles as processes of their own: each binds its port first, says what it waits for, then serves.

pub mod control;
pub mod gateway;
pub mod projector;
pub mod worker;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{net::TcpListener, task::JoinHandle};
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
    pub async fn open(
        listen: SocketAddr,
        options: ServeOptions,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let listener = bind(listen).await?;
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

pub async fn bind(listen: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| {
        format!("{listen} cannot be listened on: is another uplion running there? choose another with --listen")
    })
}

pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// Names this process among those that wait for a lease, anew at each start.
pub fn holder() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple())
}
