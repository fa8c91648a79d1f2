//! Whether what this process sends by one connection comes back by the others.
//!
//! A node that hangs is found by its connection's own pings. A cluster that is cut in two answers them on both sides: a
//! process whose connections sit on different sides waits for what cannot come, and one that sits on the side without a
//! majority for streams that cannot answer. So after some seconds a connection that hears nothing of the others is made
//! anew, at a node that is drawn anew, and the one that asks the streams in vain too.

use std::{sync::Weak, time::Duration};

use async_nats::Client;
use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Shared;
use crate::stream::StreamName;

const EVERY: Duration = Duration::from_secs(1);
/// Longer than a node takes that is only slow: whoever connects anew loses what is under way.
const MISSES: u32 = 10;

/// Until nobody holds the connections any more.
pub(super) async fn keep_pinging(process: Weak<Shared>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unanswered = 0;
    loop {
        ticks.tick().await;
        let Some(shared) = process.upgrade() else { return };
        if !shared.links.is_up() {
            // One is being made anew, and there is somebody who says so.
            unanswered = 0;
            continue;
        }
        ping(&shared).await;
        // Of one node there is no other side.
        if shared.links.nodes() > 1 {
            unanswered = if is_answered(&shared).await { 0 } else { unanswered + 1 };
            if unanswered >= MISSES {
                connect_anew(&shared.client, "no stream answers by it").await;
                unanswered = 0;
            }
        }
    }
}

async fn ping(shared: &Shared) {
    if !shared.links.listens() {
        return;
    }
    let sending = shared.client.publish(shared.to_itself.clone(), Bytes::new());
    if matches!(timeout(EVERY, sending).await, Ok(Ok(()))) {
        for deaf in shared.links.miss(MISSES) {
            connect_anew(&deaf, "it does not hear what this process sends").await;
        }
    }
}

/// Of the one stream that every role may ask about; what a leader refuses is answered.
async fn is_answered(shared: &Shared) -> bool {
    let asking = shared.api.info(StreamName::Workers.as_str());
    match timeout(EVERY, asking).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => error.is_of_a_leader(),
        Err(_) => false,
    }
}

async fn connect_anew(client: &Client, why: &'static str) {
    let server = client.server_info().server_name;
    tracing::error!(server, why, "nats.connects_anew");
    drop(client.force_reconnect().await);
}
