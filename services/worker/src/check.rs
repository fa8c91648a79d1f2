//! Answers for the check model: the demonstration server on a port of this machine, called like any other upstream.

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uplion_domain::{ModelName, model::Upstream};

use crate::{demo, served::ServedUpstream};

/// More than one person asks at a time for, and no burden.
const MAX_IN_FLIGHT: u32 = 4;

/// Serves until `shutdown`.
pub async fn start(shutdown: CancellationToken) -> Result<ServedUpstream> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the check model")?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    tokio::spawn(async move {
        if let Err(error) = demo::serve(listener, shutdown).await {
            tracing::warn!(%error, "worker.check_model.ended");
        }
    });
    let (model, upstream_model) = (ModelName::check(), demo::MODEL.parse()?);
    Ok(ServedUpstream { model, upstream: Upstream::new(url, upstream_model, MAX_IN_FLIGHT) })
}
