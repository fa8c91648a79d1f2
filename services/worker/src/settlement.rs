//! The end of a request whose gateway was lost: a gateway that lives is asked to write it.
//!
//! A worker writes nothing that decides about money. It shows what the lost gateway signed: that the request was given to
//! it, and how much of the answer its client had got by the newest credit. Where that is nothing, there is nothing to
//! charge and no haste: the gateway may live, out of reach from here only, and give the answer of another worker; the
//! first settlement counts, and an answer must not go out for nothing. The sweeper ends it. But a client that was refused
//! its whole answer is not to be charged for it, and then only this worker may know.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use uplion_domain::{
    GatewayId, Usage,
    subject::{Filter, Present, Subject},
};
use uplion_log_transport::{
    claim::{AttemptReport, Credited, FromGateway, FromWorker, Grant, SettleRequest},
    message::Messages,
};

use crate::gateways::ClaimChannel;

const RETRY: Duration = Duration::from_secs(1);
/// For a gateway to write it and say so; it is asked again, or another one is.
const ANSWER: Duration = Duration::from_secs(3);
/// Every gateway says once a second that it is there.
const BEAT: Duration = Duration::from_millis(1_500);
/// A refusal is written for so much longer: late, it harms nobody.
const REFUSAL_PATIENCE: Duration = Duration::from_mins(10);

/// What a worker knows of a request whose gateway it lost.
#[derive(Debug)]
pub struct GatewayLost {
    pub grant: Grant,
    /// None if the gateway never gave any.
    pub credit: Option<Credited>,
    /// Of the whole answer, if the gateway said that its client is refused it.
    pub refused: Option<Usage>,
    pub attempt: Option<AttemptReport>,
    /// Later nobody but the sweeper settles.
    pub until: Instant,
}

impl GatewayLost {
    /// Whether to leave the settlement to others.
    fn has_nothing_to_say(&self) -> bool {
        self.refused.is_none() && self.credit.as_ref().is_none_or(|credit| credit.usage.is_none())
    }
}

/// If the gateway settles it after all, the first of the two settlements counts. Whether this worker is done with it.
pub async fn gateway_lost(channel: &mut ClaimChannel, lost: GatewayLost) -> bool {
    if lost.has_nothing_to_say() {
        return true;
    }
    let GatewayLost { grant, credit, refused: whole, attempt, mut until } = lost;
    let (Some(credit), Subject::Gateway { request, .. }) = (credit, &channel.gateway) else {
        return true;
    };
    if whole.is_some() {
        until += REFUSAL_PATIENCE;
    }
    let (worker, request) = (channel.worker(), *request);
    let attempt = attempt.map(AttemptReport::bounded);
    let settle = SettleRequest { worker, grant, credit, whole, attempt };
    let settle = FromWorker::Settle(Box::new(settle));
    while Instant::now() < until {
        let Some(gateway) = living(channel.gateways().messages(), channel.gateway_id()).await
        else {
            sleep(RETRY).await;
            continue;
        };
        let to = Subject::Gateway { gateway, request };
        channel.gateways().send(&to, &settle).await;
        if timeout(ANSWER, settled(channel)).await.is_ok() {
            return true;
        }
    }
    tracing::warn!(request.id = %request, "worker.settlement.unheard");
    false
}

/// A gateway that says that it is there: another than the lost one, or that one if there is none.
async fn living(messages: &dyn Messages, lost: GatewayId) -> Option<GatewayId> {
    let mut beats = messages.listen(&Filter::PresenceOfGateways).await.ok()?;
    let mut itself = None;
    let other = timeout(BEAT, async {
        while let Some(beat) = beats.recv().await {
            match beat.subject {
                Subject::Presence(Present::Gateway(gateway)) if gateway != lost => {
                    return Some(gateway);
                }
                Subject::Presence(Present::Gateway(gateway)) => itself = Some(gateway),
                _ => {}
            }
        }
        None
    });
    other.await.ok().flatten().or(itself)
}

async fn settled(channel: &mut ClaimChannel) {
    loop {
        match channel.recv().await {
            FromGateway::Settled { .. } | FromGateway::Drop { .. } => return,
            FromGateway::Go(_)
            | FromGateway::Body { .. }
            | FromGateway::Wait { .. }
            | FromGateway::Credit { .. }
            | FromGateway::Here { .. } => {}
        }
    }
}
