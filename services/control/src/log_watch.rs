//! What is counted of the log: how far it is behind the event store, how full its streams are, how far archive and
//! projections are behind them. Looked at here, because control sees all of it also while the projector is away.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uplion_log_store::{StoreError, event_store::EventStore, relay::Relay};
use uplion_log_transport::stream::StreamName;
use uplion_projections::{
    projection::TypedRow as _,
    requests::{self, Marked, MarkedSince},
};

use crate::{
    log_state,
    metrics::{LogMetrics, Metrics},
    reading::Reader,
    write::now,
};

const RELAY_EVERY: Duration = Duration::from_secs(1);
/// A dozen small questions.
const LOG_EVERY: Duration = Duration::from_secs(5);
/// A charge that is marked is counted for so long after it was made.
const MARKED_FOR_MS: i64 = 24 * 60 * 60 * 1_000;

/// Looks once a second until told to stop. While the database is away the last look stands.
pub async fn watch_relay(
    events: Arc<dyn EventStore>,
    relay: Arc<Relay>,
    metrics: Metrics,
    stop: CancellationToken,
) {
    let mut ticks = interval(RELAY_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.relay_halted.set(i64::from(relay.trouble().is_some()));
        if let Err(error) = look_at_relay(events.as_ref(), &relay, &metrics).await {
            tracing::debug!(%error, "control.relay_lag.unknown");
        }
    }
}

async fn look_at_relay(
    events: &dyn EventStore,
    relay: &Relay,
    metrics: &Metrics,
) -> Result<(), StoreError> {
    // Before its first look at CONTROL nobody knows what is there.
    let Some(relayed) = relay.progress().borrow().map(|relayed| relayed.position) else {
        return Ok(());
    };
    let (mut count, mut seconds) = (0, 0.0);
    if let Some(oldest) = events.after(relayed, 1).await?.first() {
        count = i64::try_from(events.head().await?.saturating_sub(relayed)).unwrap_or(i64::MAX);
        let micros = now().micros().saturating_sub(oldest.event.at.micros()).max(0);
        seconds = Duration::from_micros(micros.unsigned_abs()).as_secs_f64();
    }
    metrics.relay_lag_events.set(count);
    metrics.relay_lag_seconds.set(seconds);
    Ok(())
}

/// The same of streams, archive and projections.
pub async fn watch_log(reader: Reader, metrics: LogMetrics, stop: CancellationToken) {
    let mut ticks = interval(LOG_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let looked = look_at_log(&reader, &metrics).await;
        metrics.store_up.set(i64::from(looked.is_ok()));
        if let Err(error) = looked {
            tracing::debug!(%error, "control.log_state.unknown");
        }
    }
}

async fn look_at_log(reader: &Reader, metrics: &LogMetrics) -> Result<(), StoreError> {
    if let Ok(storage) = reader.storage().await {
        metrics.storage(&storage);
    }
    for name in StreamName::ALL {
        // Whether the broker has it is to be known also while the database is away.
        match reader.stream_state(name).await {
            Ok(state) => metrics.stream(&state, log_state::seconds_since(state.behind_since)),
            Err(error) => {
                metrics.stream_up(name, reader.streams.identity(name).await.is_ok());
                return Err(error);
            }
        }
    }
    // A projection that is not filled yet has no such rows, which is not that the database is away.
    if let Some(counts) = charges_marked(reader).await {
        metrics.charges_marked(&counts);
    }
    let head = reader.archive.head().await?;
    for state in reader.projection_states(head).await? {
        metrics.projection(&state, log_state::seconds_since(state.behind_since));
    }
    Ok(())
}

/// Of the last day.
async fn charges_marked(reader: &Reader) -> Option<Vec<Marked>> {
    let since = now().plus_millis(-MARKED_FOR_MS);
    let parameters = MarkedSince { since }.values();
    let rows = reader.rows.query(&requests::MARKED, &parameters).await.ok()?;
    Some(rows.into_iter().map(Marked::from_row).collect())
}
