//! Finding what a role depends on: named while it is missing, tried again until it is there.

use std::time::Duration;

use anyhow::{Error, Result};
use tokio_util::sync::CancellationToken;
use uplion_gateway::Timeouts;
use uplion_http::Startup;
use uplion_log_store::{Store, postgres};
use uplion_log_transport::{
    Log,
    log_key::LogKeys,
    nats::{self, Nats, NatsOptions},
    stream::{StreamName, StreamSpec, Streams},
    task::QueueSpec,
};

use crate::flags::{Broker, Database, LogKeyArgs, StreamSettings};

const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// With `keys` the role signs what it writes, and believes nothing that is not signed.
pub async fn nats(
    broker: &Broker,
    keys: Option<LogKeys>,
    role: &str,
    startup: &Startup,
    stop: &CancellationToken,
) -> Result<Option<Log>> {
    let what = format!("nats-server at {}", nats::shown(broker.nats_url.expose()));
    let options = NatsOptions { log_keys: keys, ..nats_options(broker, role) };
    // What does not fit together is not waited for.
    options.check().map_err(Error::msg)?;
    retry_until_available(&what, startup, stop, || async {
        Ok(Nats::connect(options.clone()).await?.hearing_itself().log())
    })
    .await
}

pub fn nats_options(broker: &Broker, role: &str) -> NatsOptions {
    broker.streams.access.options(&broker.nats_url, role)
}

pub async fn postgres(
    database: &Database,
    startup: &Startup,
    stop: &CancellationToken,
) -> Result<Option<Store>> {
    let what = format!("Postgres at {}", postgres::shown(database.database_url.expose()));
    retry_until_available(&what, startup, stop, || async {
        Ok(postgres::connect(database.database_url.expose()).await?)
    })
    .await
}

/// Both, for a role that needs both.
pub async fn log_and_store(
    broker: &Broker,
    log_key: &LogKeyArgs,
    database: &Database,
    role: &str,
    startup: &Startup,
    stop: &CancellationToken,
) -> Result<Option<(Log, Store)>> {
    let keys = log_key.keys()?;
    let Some(log) = nats(broker, keys, role, startup, stop).await? else { return Ok(None) };
    Ok(postgres(database, startup, stop).await?.map(|store| (log, store)))
}

/// Tries until it works; `None` if the process is to stop first. Says what is missing once, and again when the reason changes.
pub async fn retry_until_available<T, F>(
    what: &str,
    startup: &Startup,
    stop: &CancellationToken,
    attempt: impl Fn() -> F,
) -> Result<Option<T>>
where
    F: Future<Output = Result<T>>,
{
    let mut reported = String::new();
    loop {
        let error = match attempt().await {
            Ok(found) => return Ok(Some(found)),
            Err(error) => format!("{error:#}"),
        };
        if reported != error {
            tracing::warn!(dependency = what, error, "uplion.waiting");
            startup.waits_for(format!("waiting for {what}: {error}"));
            reported = error;
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_INTERVAL) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// What the streams should be. Whoever comes first makes them.
pub fn stream_specs(settings: &StreamSettings) -> [StreamSpec; 3] {
    // As the gateways have it: all roles must want the same, or they would change it back and forth.
    let dedup_window = Timeouts::default().dedup_window();
    let spec = |name, max_bytes| StreamSpec {
        name,
        epoch: 1,
        first_sequence: 1,
        max_bytes,
        replicas: settings.nats_replicas,
        dedup_window,
    };
    [
        spec(StreamName::Traffic, settings.traffic_max_bytes),
        spec(StreamName::Control, settings.control_max_bytes),
        spec(StreamName::Workers, settings.workers_max_bytes),
    ]
}

/// A ticket takes about 200 bytes, in memory.
const TICKETS_MAX_BYTES: u64 = 64 << 20;

pub fn queue_spec(settings: &StreamSettings, most_per_model: u64) -> QueueSpec {
    let max_age = Timeouts::default().dedup_window();
    let replicas = settings.nats_replicas;
    QueueSpec { replicas, most_per_model, max_bytes: TICKETS_MAX_BYTES, max_age }
}

pub async fn ensure_streams(streams: &dyn Streams, specs: &[StreamSpec]) -> Result<()> {
    for spec in specs {
        streams.ensure(spec).await?;
    }
    Ok(())
}
