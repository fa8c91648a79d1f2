//! How far the log is behind the event store: what waits to be relayed, and for how long.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uplion_log_store::{StoreError, event_store::EventStore, relay::Relay};

use crate::{metrics::Metrics, write::now};

const EVERY: Duration = Duration::from_secs(1);

/// Looks once a second until told to stop. While the database is away the last look stands.
pub async fn watch(
    events: Arc<dyn EventStore>,
    relay: Arc<Relay>,
    metrics: Metrics,
    stop: CancellationToken,
) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = look(events.as_ref(), &relay, &metrics).await {
            tracing::debug!(%error, "control.relay_lag.unknown");
        }
    }
}

async fn look(events: &dyn EventStore, relay: &Relay, metrics: &Metrics) -> Result<(), StoreError> {
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
