//! `uplion control`.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_control::{Control, Options};
use uplion_http::{Readiness, ServeOptions, operations};

use crate::{arguments, connection};

pub async fn run(arguments: &arguments::Control, stop: CancellationToken) -> Result<()> {
    let port = super::open(arguments.listen, serving(), &stop)?;
    let Some(log) = connection::nats(&arguments.broker, "control", &port.startup, &stop).await?
    else {
        return super::closed(port).await;
    };
    let Some(store) = connection::postgres(&arguments.database, &port.startup, &stop).await? else {
        return super::closed(port).await;
    };
    let specs = connection::stream_specs(&arguments.broker.streams);
    let ensured = || connection::ensure_streams(log.streams.as_ref(), &specs);
    if connection::retry_until_available("the streams", &port.startup, &stop, ensured)
        .await?
        .is_none()
    {
        return super::closed(port).await;
    }

    let options = Options {
        proxies: arguments.proxies,
        allowed_origins: arguments.allowed_origins.clone(),
        ..Options::new(arguments.admin_key.expose())
    };
    let control = Control::start(options, log, store)?;
    let mut registry = Registry::default();
    control.register(&mut registry);
    let readiness = control.readiness();
    let ready: Readiness = Arc::new(move || readiness.ready());
    port.startup.started(operations::beside(operations::routes(registry, ready), control.routes()));
    tracing::info!(listen = %arguments.listen, "control.serving");

    super::closed(port).await?;
    control.stop().await;
    Ok(())
}

/// Administrators are few and their heads are small: what does not look like that is not waited for.
fn serving() -> ServeOptions {
    ServeOptions {
        connections: 2_000,
        headers: Duration::from_secs(10),
        head: 64 << 10,
        ..ServeOptions::default()
    }
}
