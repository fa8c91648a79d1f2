//! `uplion gateway`.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use clap::Args;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use uplion_gateway::{Bounds, EndUserKey, Gateway as Running, Options, Serving, Timeouts};
use uplion_http::{Readiness, ServeOptions, cors, operations};

use super::{self as roles, Role};
use crate::{
    clock_watch::ClockWatch,
    connection,
    flags::{Broker, LogKeyArgs, Process, StreamSettings},
};

/// Serves clients: POST /v1/chat/completions, GET /v1/models.
#[derive(Debug, Clone, Args)]
pub struct Gateway {
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8484")]
    listen: SocketAddr,
    #[command(flatten)]
    broker: Broker,
    #[command(flatten)]
    log_key: LogKeyArgs,
    #[command(flatten)]
    limits: GatewayLimits,
    #[command(flatten)]
    pages: Pages,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    process: Process,
}

#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_field_names,
    reason = "a field is named as its flag, and each flag says max"
)]
pub struct GatewayLimits {
    /// Bytes of one request's body; a larger one is answered with 413.
    #[arg(long, env = "UPLION_MAX_BODY_BYTES", default_value_t = 32 << 20, value_name = "BYTES")]
    max_body_bytes: u64,
    /// Bytes of all bodies and answers held at once; beyond it requests are answered with 503.
    #[arg(long, env = "UPLION_MAX_BUFFERED_BYTES", default_value_t = 1 << 30, value_name = "BYTES")]
    max_buffered_bytes: u64,
    /// Bytes of one answer that is not streamed.
    #[arg(long, env = "UPLION_MAX_ANSWER_BYTES", default_value_t = 16 << 20, value_name = "BYTES")]
    max_answer_bytes: u64,
    /// Requests of one model that may wait for a worker; one more is answered with 429.
    #[arg(long, env = "UPLION_MAX_QUEUE_PER_MODEL", default_value_t = 10_000, value_name = "N")]
    max_queue_per_model: u64,
    /// Connections of clients at once.
    #[arg(long, env = "UPLION_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "N")]
    max_connections: usize,
}

/// Who may call from a browser.
#[derive(Debug, Clone, Args)]
pub struct Pages {
    /// Other origins whose pages may call this API from a browser, with commas between: `https://chat.example.org`; `*` for all
    #[arg(long, env = "UPLION_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGINS", value_parser = cors::origin_or_all)]
    pub allowed_origins: Vec<String>,
}

/// What is recorded of what clients say about their requests.
#[derive(Debug, Clone, Args)]
pub struct Recording {
    /// Records the `metadata` of requests: a few short labels, to tell usage apart by.
    #[arg(long, env = "UPLION_RECORD_LABELS")]
    record_labels: bool,
    /// Records end users, as digests under this key. The same for all gateways and for ever, and nowhere on the log.
    #[arg(long, env = "UPLION_END_USER_KEY", hide_env_values = true, value_name = "KEY")]
    end_user_key: Option<EndUserKey>,
}

impl Role for Gateway {
    const NAME: &'static str = "gateway";

    fn process(&self) -> &Process {
        &self.process
    }

    async fn run(self, stop: CancellationToken) -> Result<()> {
        let serving =
            ServeOptions { connections: self.limits.max_connections, ..ServeOptions::default() };
        let port = roles::open(self.listen, serving, &stop)?;
        let keys = self.log_key.keys()?;
        let log = connection::nats(&self.broker, keys, Self::NAME, &port.startup, &stop).await?;
        let Some(log) = log else {
            return roles::closed(port).await;
        };

        let Recording { record_labels, end_user_key } = self.recording;
        let options = Options {
            record_labels,
            end_user_key,
            ..options(&self.broker.streams, &self.limits, &self.pages)
        };
        let mut registry = Registry::default();
        let clock_watch = ClockWatch::start(&log.streams, None, &mut registry, &stop);
        let gateway = Arc::new(Running::start(options, log, clock_watch.corrected())?);
        gateway.register(&mut registry);
        // Whoever comes first is priced by the right clock, too.
        stop.run_until_cancelled(clock_watch.measured()).await;
        let readiness = Arc::clone(&gateway);
        let ready: Readiness = Arc::new(move || readiness.ready());
        let operations = operations::routes(registry, clock_watch.and(ready));
        port.startup.started(operations::beside(operations, gateway.routes()));
        tracing::info!(listen = %self.listen, "gateway.serving");

        stop.cancelled().await;
        gateway.drain(roles::DRAIN).await;
        roles::closed(port).await
    }
}

pub fn options(settings: &StreamSettings, limits: &GatewayLimits, pages: &Pages) -> Options {
    let serving = Serving { deadline: settings.deadline(), ..Serving::default() };
    let timeouts = Timeouts { serving, ..Timeouts::default() };
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
        allowed_origins: pages.allowed_origins.clone(),
        ..Options::default()
    }
}
