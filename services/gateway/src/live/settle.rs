//! Writing a settlement: the same event again and again until it is on the log, and then a look at whose it is.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use uplion_domain::{Envelope, Event, request, request::Settled};
use uplion_log_transport::stream::{Appended, Condition, StreamName, Streams};

use super::ending::SettleResult;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const UNIQUE: Condition = Condition { unique: true, last: None };

/// Not later than `until`: whatever happens then is the sweeper's.
pub async fn settle(streams: Arc<dyn Streams>, settled: Settled, until: Instant) -> SettleResult {
    let envelope = Envelope::settled(settled);
    let subject = envelope.event.subject();
    let encoded = envelope.encode();
    let writing = async {
        let mut pause = FIRST_PAUSE;
        loop {
            match streams.append(&subject, encoded.clone(), UNIQUE).await {
                Ok(Appended { duplicate: false, .. }) => return SettleResult::Ours,
                Ok(Appended { sequence, duplicate: true }) => {
                    if let Some(result) = whose(&*streams, sequence, &envelope).await {
                        return result;
                    }
                }
                // Full streams are emptied, brokers come back; the event may have arrived all the same.
                Err(error) => tracing::debug!(%error, "gateway.settlement.unacknowledged"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    timeout_at(until, writing).await.unwrap_or_else(|_| {
        tracing::warn!(event = %envelope.id, "gateway.settlement.abandoned");
        SettleResult::GivenUp
    })
}

/// None if it cannot be read now.
async fn whose(streams: &dyn Streams, sequence: u64, ours: &Envelope) -> Option<SettleResult> {
    let record = streams.get(StreamName::Traffic, sequence).await.ok()?;
    // Purged: archived long ago, so not by us a moment ago.
    let Some(record) = record else { return Some(SettleResult::Theirs) };
    let there = Envelope::decode(&record.event).ok();
    let same = there.is_some_and(|there| outcome(&there) == outcome(ours));
    Some(if same { SettleResult::Ours } else { SettleResult::Theirs })
}

fn outcome(envelope: &Envelope) -> Option<&Settled> {
    match &envelope.event {
        Event::Request(request::Event::Settled(settled)) => Some(settled),
        Event::Request(request::Event::Accepted(_) | request::Event::Assigned(_))
        | Event::Project(..)
        | Event::ApiKey(..)
        | Event::Model(..)
        | Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Worker(_) => None,
    }
}
