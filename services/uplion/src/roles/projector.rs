//! `uplion projector`.

use std::sync::Arc;

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_http::{Readiness, ServeOptions, operations};
use uplion_projector::{Options, Projector};

use super::{lease_holder, now};
use crate::{arguments, connection};

pub async fn run(arguments: &arguments::Projector, stop: CancellationToken) -> Result<()> {
    let port = super::open(arguments.listen, ServeOptions::default(), &stop)?;
    let Some(log) = connection::nats(&arguments.broker, "projector", &port.startup, &stop).await?
    else {
        return super::closed(port).await;
    };
    let Some(store) = connection::postgres(&arguments.database, &port.startup, &stop).await? else {
        return super::closed(port).await;
    };

    let mut registry = Registry::default();
    let projector = Projector::new(Options::of(lease_holder()), log, store, now, &mut registry);
    let readiness = projector.readiness();
    let ready: Readiness = Arc::new(move || readiness.ready());
    port.startup.started(operations::routes(registry, ready));
    tracing::info!(listen = %arguments.listen, "projector.serving");

    projector.run(stop).await;
    super::closed(port).await
}
