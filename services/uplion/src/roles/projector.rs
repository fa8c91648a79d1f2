//! `uplion projector`.

use std::sync::Arc;

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_gateway::ServeOptions;
use uplion_projector::{Options, Projector};

use super::{Front, lease_holder, now};
use crate::{
    arguments, connection,
    operations::{self, Readiness},
};

pub async fn run(arguments: &arguments::Projector, stop: CancellationToken) -> Result<()> {
    let front = Front::open(arguments.listen, ServeOptions::default(), &stop)?;
    let Some(log) = connection::nats(&arguments.broker, "projector", &front.stage, &stop).await?
    else {
        return front.closed().await;
    };
    let Some(store) = connection::postgres(&arguments.database, &front.stage, &stop).await? else {
        return front.closed().await;
    };

    let mut registry = Registry::default();
    let projector = Projector::new(Options::of(lease_holder()), log, store, now, &mut registry);
    let readiness = projector.readiness();
    let ready: Readiness = Arc::new(move || readiness.ready());
    front.stage.enter(operations::routes(registry, ready));
    tracing::info!(listen = %arguments.listen, "projector.serving");

    projector.run(stop).await;
    front.closed().await
}
