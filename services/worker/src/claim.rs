//! Asking a request's gateway whether to work on it.

use std::time::Duration;

use tokio::time::timeout;
use uplion_log_transport::claim::{FromGateway, FromWorker, Go};

use crate::gateways::ClaimChannel;

const REPEAT_EVERY: Duration = Duration::from_secs(1);
/// Together shorter than a ticket may go without a sign of progress.
const MAX_TRIES: u32 = 3;

pub enum ClaimReply {
    Go(Box<Go>),
    Wait(Duration),
    Drop,
    Unanswered,
}

/// `delivery` is the ticket's.
pub async fn ask(channel: &mut ClaimChannel, delivery: u64) -> ClaimReply {
    for _ in 0..MAX_TRIES {
        let (claim, worker) = (channel.claim, channel.worker());
        let all_sent = channel.window().sent();
        channel.send(&FromWorker::Claim { claim, worker, delivery, all_sent }).await;
        if let Ok(reply) = timeout(REPEAT_EVERY, reply(channel)).await {
            return reply;
        }
    }
    ClaimReply::Unanswered
}

async fn reply(channel: &mut ClaimChannel) -> ClaimReply {
    loop {
        match channel.recv().await {
            FromGateway::Go(go) => return ClaimReply::Go(go),
            FromGateway::Wait { delay_ms, .. } => {
                return ClaimReply::Wait(Duration::from_millis(delay_ms));
            }
            FromGateway::Drop { .. } | FromGateway::Settled { .. } => return ClaimReply::Drop,
            // They can overtake a `go` that was lost, which is asked for again.
            FromGateway::Credit { .. } | FromGateway::Body { .. } => {}
        }
    }
}
