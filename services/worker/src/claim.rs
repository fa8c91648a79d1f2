//! Asking a request's gateway whether to work on it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{sleep_until, timeout};
use uplion_log_transport::claim::{FromGateway, FromWorker, Go};

use crate::gateways::ClaimChannel;

/// A gateway that is there answers sooner; one that does not may take no place from requests of others.
const HOLDS_PLACE: Duration = Duration::from_millis(250);
/// After so long it is under suspicion, and the ticket goes behind those of others.
const SUSPECTED_AFTER: Duration = Duration::from_millis(500);

pub enum ClaimReply {
    Go(Box<Go>),
    Wait(Duration),
    Drop,
    Unanswered,
}

/// `delivery` is the ticket's. `give_up_place` is called if the answer takes longer than it should.
pub async fn ask(
    channel: &mut ClaimChannel,
    delivery: u64,
    give_up_place: impl FnOnce(),
) -> ClaimReply {
    let began = Instant::now();
    let (claim, worker) = (channel.claim, channel.worker());
    let all_sent = channel.window().sent();
    channel.send(&FromWorker::Claim { claim, worker, delivery, all_sent }).await;
    if let Ok(reply) = timeout(HOLDS_PLACE, reply(channel)).await {
        return reply;
    }
    give_up_place();
    let gateways = Arc::clone(channel.gateways());
    let (gateway, subject) = (channel.gateway_id(), channel.gateway.clone());
    tokio::select! {
        biased;
        reply = reply(channel) => {
            gateways.suspects().heard(gateway);
            return reply;
        }
        () = gateways.vanished(&subject) => {}
        () = gateways.suspects().suspected(gateway) => {}
        () = sleep_until((began + SUSPECTED_AFTER).into()) => {}
    }
    gateways.suspects().suspect(gateway);
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
            // They can overtake a `go` that was lost: the ticket comes again.
            FromGateway::Credit { .. } | FromGateway::Body { .. } | FromGateway::Here { .. } => {}
        }
    }
}
