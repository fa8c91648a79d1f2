//! `uplion worker`.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Args;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_domain::{
    ModelName,
    model::{Credential, Upstream},
};
use uplion_http::{Readiness, ServeOptions, operations};
use uplion_worker::{Options, Secrets, Serve, Worker as Running};

use super::{self as roles, Role};
use crate::{
    clock,
    clock_watch::ClockWatch,
    connection,
    flags::{Broker, Process},
};

/// Takes requests from the queue and has upstreams answer them.
#[derive(Debug, Clone, Args)]
pub struct Worker {
    /// Where /health, /ready and /metrics are.
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8486")]
    listen: SocketAddr,
    /// Serves this model alone. Without it, every model that is registered with upstreams.
    #[arg(long, env = "UPLION_MODEL")]
    model: Option<ModelName>,
    /// Has this server answer for --model, up to /v1; the model needs no registered upstream then.
    #[arg(long, env = "UPLION_UPSTREAM", requires = "model", value_name = "URL")]
    upstream: Option<String>,
    /// What the upstream calls the model; by default the same.
    #[arg(long, env = "UPLION_UPSTREAM_MODEL", requires = "upstream", value_name = "NAME")]
    upstream_model: Option<ModelName>,
    /// Name of the variable that holds what the upstream wants as its bearer token.
    #[arg(long, env = "UPLION_API_KEY_ENV", requires = "upstream", value_name = "VAR")]
    api_key_env: Option<String>,
    /// Requests at the upstream at once.
    #[arg(
        long,
        env = "UPLION_MAX_IN_FLIGHT",
        requires = "upstream",
        default_value_t = 16,
        value_name = "N"
    )]
    max_in_flight: u32,
    /// Milliseconds that an upstream may leave its answer open after it has said all of it.
    #[arg(
        long,
        env = "UPLION_STREAM_GRACE_MS",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(..=60_000),
        value_name = "MS"
    )]
    stream_grace_ms: u64,
    /// Where this worker runs, as your environment calls it: reported with its start, and nothing else.
    #[arg(long, env = "UPLION_ZONE", value_name = "ZONE")]
    zone: Option<String>,
    /// Where Secrets that registered upstreams name are mounted: FOLDER/<name>/<key>.
    #[arg(long, env = "UPLION_SECRETS", default_value = Secrets::FOLDER, value_name = "FOLDER")]
    secrets: PathBuf,
    #[command(flatten)]
    broker: Broker,
    #[command(flatten)]
    process: Process,
}

impl Role for Worker {
    const NAME: &'static str = "worker";

    fn process(&self) -> &Process {
        &self.process
    }

    async fn run(self, stop: CancellationToken) -> Result<()> {
        let port = roles::open(self.listen, ServeOptions::default(), &stop)?;
        // A worker has no key: it reports, and decides nothing.
        let log = connection::nats(&self.broker, None, Self::NAME, &port.startup, &stop).await?;
        let Some(log) = log else {
            return roles::closed(port).await;
        };

        let secrets = Secrets::in_folder(&self.secrets);
        let (serve, zone) = (self.serve(), self.zone.clone());
        let grace = Duration::from_millis(self.stream_grace_ms);
        let options = Options { serve, drain: Options::DRAIN, grace, zone, secrets };
        let mut registry = Registry::default();
        let clock_watch = ClockWatch::start(&log.streams, None, &mut registry, &stop);
        let worker = Arc::new(Running::start(options, log, Arc::new(clock::now))?);
        worker.register_metrics(&mut registry);
        let ready = clock_watch.and(readiness(Arc::clone(&worker)));
        port.startup.started(operations::routes(registry, ready));
        tracing::info!(listen = %self.listen, "worker.serving");

        worker.run(stop).await?;
        roles::closed(port).await
    }
}

impl Worker {
    fn serve(&self) -> Serve {
        let Self { model, upstream, upstream_model, api_key_env, max_in_flight, .. } = self;
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
}

pub fn readiness(worker: Arc<Running>) -> Readiness {
    Arc::new(move || worker.ready())
}
