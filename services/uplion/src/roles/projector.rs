//! `uplion projector`.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use clap::Args;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_http::{Readiness, ServeOptions, operations};
use uplion_projector::{Options, Projector as Running};

use super::{self as roles, Role};
use crate::{
    clock,
    clock_watch::ClockWatch,
    connection,
    flags::{Broker, Database, LogKeyArgs, Process},
};

/// Archives the log and keeps bills and dashboards up to it.
#[derive(Debug, Clone, Args)]
pub struct Projector {
    /// Where /health, /ready and /metrics are.
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8487")]
    listen: SocketAddr,
    #[command(flatten)]
    broker: Broker,
    #[command(flatten)]
    log_key: LogKeyArgs,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    process: Process,
}

impl Role for Projector {
    const NAME: &'static str = "projector";

    fn process(&self) -> &Process {
        &self.process
    }

    async fn run(self, stop: CancellationToken) -> Result<()> {
        let port = roles::open(self.listen, ServeOptions::default(), &stop)?;
        let Some((log, store)) = connection::log_and_store(
            &self.broker,
            &self.log_key,
            &self.database,
            Self::NAME,
            &port.startup,
            &stop,
        )
        .await?
        else {
            return roles::closed(port).await;
        };

        let mut registry = Registry::default();
        let leases = Some(&store.leases);
        let clock_watch = ClockWatch::start(&log.streams, leases, &mut registry, &stop);
        let projector =
            Running::new(Options::of(roles::lease_holder()), log, store, clock::now, &mut registry);
        let readiness = projector.readiness();
        let ready: Readiness = Arc::new(move || readiness.ready());
        port.startup.started(operations::routes(registry, clock_watch.and(ready)));
        tracing::info!(listen = %self.listen, "projector.serving");

        projector.run(stop).await;
        roles::closed(port).await
    }
}
