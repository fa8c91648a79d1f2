//! `uplion control`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Args;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_control::{Control as Running, FoundError, Options};
use uplion_http::{ErrorShape, Readiness, ServeOptions, cors, operations};

use super::{self as roles, Role};
use crate::{
    clock_watch::ClockWatch,
    connection,
    flags::{Broker, Database, Founding, LogKeyArgs, Process},
    secret::Secret,
};

/// The API for administrators, and the relay of their changes to the log.
#[derive(Debug, Clone, Args)]
pub struct Control {
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8485")]
    listen: SocketAddr,
    /// What the first administrator shows as bearer token: at least 16 characters. Better given as a variable.
    #[arg(long, env = "UPLION_ADMIN_KEY", hide_env_values = true)]
    admin_key: Secret,
    /// Proxies of yours in front, of which each adds to X-Forwarded-For whom it had a call from. With too few, all who
    /// try to sign in share one address and wait for each other; with too many, they choose their own.
    #[arg(long, env = "UPLION_PROXIES", default_value_t = 0, value_name = "N")]
    proxies: usize,
    /// Other origins whose pages may call this API from a browser, with commas between: `https://console.example.org`
    #[arg(long, env = "UPLION_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGINS", value_parser = cors::origin)]
    allowed_origins: Vec<String>,
    #[command(flatten)]
    founding: Founding,
    #[command(flatten)]
    broker: Broker,
    #[command(flatten)]
    log_key: LogKeyArgs,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    process: Process,
}

impl Role for Control {
    const NAME: &'static str = "control";

    fn process(&self) -> &Process {
        &self.process
    }

    async fn run(self, stop: CancellationToken) -> Result<()> {
        let port = roles::open(self.listen, serving(), &stop)?;
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
        let specs = connection::stream_specs(&self.broker.streams);
        let ensured = || connection::ensure_streams(log.streams.as_ref(), &specs);
        let streams =
            connection::retry_until_available("the streams", &port.startup, &stop, ensured).await?;
        if streams.is_none() {
            return roles::closed(port).await;
        }

        let mut registry = Registry::default();
        let leases = Some(&store.leases);
        let clock_watch = ClockWatch::start(&log.streams, leases, &mut registry, &stop);
        let control = Running::start(self.options(), log, store)?;
        let founded = || async {
            match control.found().await {
                Ok(()) => Ok(Ok(())),
                Err(otherwise @ FoundError::Otherwise(_)) => Ok(Err(otherwise)),
                Err(not_now @ FoundError::NotNow(_)) => Err(not_now.into()),
            }
        };
        let what = "the installation's foundation";
        match connection::retry_until_available(what, &port.startup, &stop, founded).await? {
            Some(founded) => founded?,
            None => return roles::closed(port).await,
        }
        control.register(&mut registry);
        let readiness = control.readiness();
        let ready: Readiness = Arc::new(move || readiness.ready());
        let operations = operations::routes(registry, clock_watch.and(ready));
        port.startup.started(operations::beside(operations, control.routes()));
        tracing::info!(listen = %self.listen, "control.serving");

        roles::closed(port).await?;
        control.stop().await;
        Ok(())
    }
}

impl Control {
    fn options(&self) -> Options {
        Options {
            proxies: self.proxies,
            plan: self.founding.plan(),
            allowed_origins: self.allowed_origins.clone(),
            ..Options::new(self.admin_key.expose())
        }
    }
}

/// Administrators are few and their heads are small: what does not look like that is not waited for.
fn serving() -> ServeOptions {
    ServeOptions {
        connections: 2_000,
        headers: Duration::from_secs(10),
        head: 64 << 10,
        errors: ErrorShape::Problem,
        ..ServeOptions::default()
    }
}
