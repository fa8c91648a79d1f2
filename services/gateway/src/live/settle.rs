//! Writing a settlement: the same event again and again until it is on the log.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use uplion_domain::Envelope;
use uplion_log_transport::stream::{Condition, Streams};

use super::request::SettleResult;
use crate::recording::Recording;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Not later than `until`: whatever happens then is the sweeper's. What is on the log twice counts once, by its id.
pub async fn settle(
    streams: Arc<dyn Streams>,
    recording: Arc<Recording>,
    settled: Envelope,
    until: Instant,
) -> SettleResult {
    let id = settled.id.clone();
    let writing = write(streams, recording, settled);
    timeout_at(until, writing).await.unwrap_or_else(|_| {
        tracing::warn!(event = %id, "gateway.settlement.expired");
        SettleResult::Expired
    })
}

/// For as long as it takes.
pub async fn write(
    streams: Arc<dyn Streams>,
    recording: Arc<Recording>,
    envelope: Envelope,
) -> SettleResult {
    let mut waiting = recording.wait();
    let subject = envelope.event.subject();
    let encoded = envelope.encode();
    let mut pause = FIRST_PAUSE;
    loop {
        match streams.append(&subject, encoded.clone(), Condition::default()).await {
            Ok(_) => {
                waiting.acknowledged();
                return SettleResult::Acknowledged;
            }
            // Full streams are emptied, brokers come back; the event may have arrived all the same.
            Err(error) => {
                tracing::debug!(%error, event = %envelope.id, "gateway.settlement.unacknowledged");
                waiting.failed(&error);
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
