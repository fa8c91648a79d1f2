//! Writing a settlement: the same event again and again until it is on the log.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use uplion_domain::{Envelope, request::Settled};
use uplion_log_transport::stream::{Condition, Streams};

use super::request::SettleResult;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Not later than `until`: whatever happens then is the sweeper's. What is on the log twice counts once, by its id.
pub async fn settle(streams: Arc<dyn Streams>, settled: Settled, until: Instant) -> SettleResult {
    let envelope = Envelope::settled(settled);
    let subject = envelope.event.subject();
    let encoded = envelope.encode();
    let writing = async {
        let mut pause = FIRST_PAUSE;
        loop {
            match streams.append(&subject, encoded.clone(), Condition::default()).await {
                Ok(_) => return SettleResult::Acknowledged,
                // Full streams are emptied, brokers come back; the event may have arrived all the same.
                Err(error) => tracing::debug!(%error, "gateway.settlement.unacknowledged"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    timeout_at(until, writing).await.unwrap_or_else(|_| {
        tracing::warn!(event = %envelope.id, "gateway.settlement.expired");
        SettleResult::Expired
    })
}
