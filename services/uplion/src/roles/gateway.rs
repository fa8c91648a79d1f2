//! `uplion gateway`.

use std::sync::Arc;

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_gateway::{Bounds, Gateway, Options, Timeouts};
use uplion_http::{Readiness, ServeOptions, operations};

use crate::{
    arguments::{self, GatewayLimits, StreamSettings},
    connection,
};

pub async fn run(arguments: &arguments::Gateway, stop: CancellationToken) -> Result<()> {
    let serving =
        ServeOptions { connections: arguments.limits.max_connections, ..ServeOptions::default() };
    let port = super::open(arguments.listen, serving, &stop)?;
    let Some(log) = connection::nats(&arguments.broker, "gateway", &port.startup, &stop).await?
    else {
        return super::closed(port).await;
    };

    let options = options(&arguments.broker.streams, &arguments.limits);
    let gateway = Arc::new(Gateway::start(options, log, Arc::new(super::now))?);
    let mut registry = Registry::default();
    gateway.register(&mut registry);
    let readiness = Arc::clone(&gateway);
    let ready: Readiness = Arc::new(move || readiness.ready());
    port.startup.started(operations::beside(operations::routes(registry, ready), gateway.routes()));
    tracing::info!(listen = %arguments.listen, "gateway.serving");

    stop.cancelled().await;
    gateway.drain(super::DRAIN).await;
    super::closed(port).await
}

pub fn options(settings: &StreamSettings, limits: &GatewayLimits) -> Options {
    let timeouts = Timeouts { deadline: settings.longest_deadline(), ..Timeouts::default() };
    let bounds = Bounds {
        body: limits.max_body_bytes,
        bodies: limits.max_buffered_bytes,
        answer: limits.max_answer_bytes,
        answers: limits.max_buffered_bytes,
        ..Bounds::default()
    };
    Options {
        timeouts,
        bounds,
        streams: connection::stream_specs(settings).into(),
        tasks: connection::queue_spec(settings, limits.max_queue_per_model),
    }
}
