//! Listening to the gateways: one subscription, whose messages go to the mailboxes of their claims.

use std::{convert::Infallible, time::Duration};

use uplion_domain::{
    ClaimId, GatewayId,
    subject::{Filter, Subject},
};
use uplion_log_transport::{
    claim::{AcceptedEvent, FromGateway, FromWorker, ReleaseReason},
    message::Message,
};

use crate::gateways::Gateways;

const RETRY_LISTEN: Duration = Duration::from_millis(500);

/// Sorts what arrives, for ever. `on_listening` is told when this worker can be answered.
pub async fn listen(gateways: &Gateways, on_listening: impl Fn(bool)) -> Infallible {
    let filter = Filter::ToWorker(gateways.worker());
    loop {
        match gateways.messages().listen(&filter).await {
            Ok(mut messages) => {
                on_listening(true);
                while let Some(message) = messages.recv().await {
                    sort(gateways, message).await;
                }
                on_listening(false);
                tracing::warn!("worker.listener.closed");
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "worker.listener.unavailable"
                );
            }
        }
        tokio::time::sleep(RETRY_LISTEN).await;
    }
}

async fn sort(gateways: &Gateways, Message { subject, payload }: Message) {
    if payload.is_empty() {
        // Whoever has not heard this worker for a moment asks the broker whether it still listens.
        return;
    }
    let message = match FromGateway::decode(payload) {
        Ok(message) => message,
        Err(error) => {
            gateways.metrics().unreadable.inc();
            tracing::debug!(error = &error as &dyn std::error::Error, %subject, "worker.message.unreadable");
            return;
        }
    };
    let claim = match claim_of(&message) {
        Ok(claim) => claim,
        Err(gateway) => return gateways.suspects().heard(gateway),
    };
    let go = match &message {
        FromGateway::Go(go) => Some(go.accepted.clone()),
        FromGateway::Body { .. }
        | FromGateway::Wait { .. }
        | FromGateway::Drop { .. }
        | FromGateway::Credit { .. }
        | FromGateway::Settled { .. }
        | FromGateway::Here { .. } => None,
    };
    if !gateways.mailboxes().deliver(claim, message)
        && let Some(accepted) = go
    {
        release_late_go(gateways, claim, &accepted).await;
    }
}

/// It came after the claim was given up. Without an answer the gateway would wait for a sign of life.
async fn release_late_go(gateways: &Gateways, claim: ClaimId, accepted: &AcceptedEvent) {
    let Ok(accepted) = accepted.read() else { return };
    let gateway = Subject::Gateway { gateway: accepted.gateway, request: accepted.request };
    let release = FromWorker::Release {
        claim,
        reason: ReleaseReason::Draining,
        delay_ms: 0,
        attempt: None,
        words: None,
    };
    gateways.send(&gateway, &release).await;
}

/// Or the gateway that says no more than that it is there.
fn claim_of(message: &FromGateway) -> Result<ClaimId, GatewayId> {
    Ok(match message {
        FromGateway::Here { gateway } => return Err(*gateway),
        FromGateway::Go(go) => go.claim,
        FromGateway::Body { claim, .. }
        | FromGateway::Wait { claim, .. }
        | FromGateway::Drop { claim }
        | FromGateway::Credit { claim, .. }
        | FromGateway::Settled { claim } => *claim,
    })
}
