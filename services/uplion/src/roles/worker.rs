//! `uplion worker`.

use std::sync::Arc;

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_domain::model::{Credential, Upstream};
use uplion_http::{Readiness, ServeOptions, operations};
use uplion_worker::{Options, Secrets, Serve, Worker};

use crate::{arguments, connection};

pub async fn run(arguments: &arguments::Worker, stop: CancellationToken) -> Result<()> {
    let port = super::open(arguments.listen, ServeOptions::default(), &stop)?;
    let Some(log) = connection::nats(&arguments.broker, "worker", &port.startup, &stop).await?
    else {
        return super::closed(port).await;
    };

    let secrets = Secrets::in_folder(&arguments.secrets);
    let options = Options { serve: serve(arguments), drain: Options::DRAIN, secrets };
    let worker = Arc::new(Worker::start(options, log, Arc::new(super::now))?);
    let mut registry = Registry::default();
    worker.register_metrics(&mut registry);
    port.startup.started(operations::routes(registry, readiness(Arc::clone(&worker))));
    tracing::info!(listen = %arguments.listen, "worker.serving");

    worker.run(stop).await?;
    super::closed(port).await
}

pub fn readiness(worker: Arc<Worker>) -> Readiness {
    Arc::new(move || if worker.ready() { Ok(()) } else { Err("cannot reach the log".to_owned()) })
}

fn serve(arguments: &arguments::Worker) -> Serve {
    let arguments::Worker { model, upstream, upstream_model, api_key_env, max_in_flight, .. } =
        arguments;
    match (model, upstream) {
        (Some(model), Some(url)) => Serve::Own {
            model: model.clone(),
            upstream: Box::new(Upstream {
                credential: api_key_env.clone().map(Credential::Environment),
                ..Upstream::new(
                    url.trim_end_matches('/'),
                    upstream_model.as_ref().unwrap_or(model).clone(),
                    *max_in_flight,
                )
            }),
        },
        (only, _) => Serve::Registered { only: only.clone() },
    }
}
