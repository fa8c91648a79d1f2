//! Settling a request of a gateway that is gone, for the worker that held it.
//!
//! The worker shows what the lost gateway signed, and nothing of it is believed without that: neither that there was such
//! a request, nor under which rates, nor how much of the answer its client had got.

use std::sync::Arc;

use tokio::{
    sync::Semaphore,
    time::{Duration, timeout},
};
use uplion_domain::{
    Envelope, GatewayId, RequestId, Timestamp, Usage, WorkerId,
    request::{
        Accepted, Attempt, Cancelled, Failure, Outcome, Settled, Settlement, Timings, Writer,
    },
    subject::Subject,
};
use uplion_log_transport::{
    claim::{AttemptReport, FromGateway, MessageError, SettleRequest},
    log_key::{LogKeys, NotAuthentic},
};

use super::{driver::Surroundings, settle::write};

/// At once; a worker whose request is not taken asks again.
const MOST: usize = 256;
/// Past its deadline by more, a request is the sweeper's.
const LATEST_MS: i64 = 30_000;
/// A client that was told an error is not charged, however late that is written.
const REFUSED_LATEST_MS: i64 = 11 * 60_000;
/// The worker asks again by then.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct InPlace {
    surroundings: Arc<Surroundings>,
    room: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    #[error(transparent)]
    Unreadable(#[from] MessageError),
    #[error("it is about another request")]
    Other,
    #[error("it comes too late")]
    Late,
}

impl InPlace {
    pub fn new(surroundings: &Arc<Surroundings>) -> Self {
        Self { surroundings: Arc::clone(surroundings), room: Arc::new(Semaphore::new(MOST)) }
    }

    /// Off the way of other messages. The worker is told once it is on the log.
    pub fn settle(&self, gateway: GatewayId, request: RequestId, asked: SettleRequest) {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else { return };
        let surroundings = Arc::clone(&self.surroundings);
        tokio::spawn(async move {
            let _room = room;
            let now = (surroundings.clock)();
            let keys = surroundings.log.keys.as_ref();
            let checked = check(&asked, request, now, keys);
            let accepted = match checked {
                Ok(accepted) => accepted,
                Err(error) => {
                    let worker = asked.worker;
                    tracing::warn!(%error, request.id = %request, %worker, "gateway.settlement.refused");
                    return;
                }
            };
            let (worker, claim) = (asked.worker, asked.grant.claim);
            for event in events(&accepted, asked, gateway, now) {
                let (streams, recording) =
                    (Arc::clone(&surroundings.log.streams), Arc::clone(&surroundings.recording));
                if timeout(PATIENCE, write(streams, recording, event)).await.is_err() {
                    return;
                }
            }
            let to = Subject::Worker { worker, request };
            let settled = FromGateway::Settled { claim }.encode();
            // Who misses it asks again.
            drop(surroundings.log.messages.send(&to, settled).await);
        });
    }
}

fn check(
    asked: &SettleRequest,
    request: RequestId,
    now: Timestamp,
    keys: Option<&LogKeys>,
) -> Result<Accepted, Refused> {
    let SettleRequest { grant, credit, .. } = asked;
    grant.verify(keys)?;
    credit.verify(grant.claim, keys)?;
    let accepted = grant.accepted.read()?;
    if accepted.request != request {
        return Err(Refused::Other);
    }
    let latest = if credit.refused { REFUSED_LATEST_MS } else { LATEST_MS };
    if now > accepted.deadline.plus_millis(latest) { Err(Refused::Late) } else { Ok(accepted) }
}

/// What is to be written, in order.
fn events(
    accepted: &Accepted,
    asked: SettleRequest,
    gateway: GatewayId,
    now: Timestamp,
) -> Vec<Envelope> {
    let SettleRequest { worker, grant: _, credit, whole, attempt } = asked;
    let service_tier = attempt.as_ref().and_then(|attempt| attempt.service_tier.clone());
    let attempts: Vec<Attempt> =
        attempt.into_iter().map(|report| attempted(worker, report)).collect();
    let total = u64::try_from(now.micros() - accepted.at.micros()).unwrap_or_default();
    let settled = |outcome, delivered| -> Settled {
        accepted.settle(Settlement {
            outcome,
            delivered,
            service_tier: service_tier.clone(),
            timings: Timings { total, ..Timings::default() },
            worker: Some(worker),
            attempts: attempts.clone(),
            writer: Writer::Gateway(gateway),
            at: now,
        })
    };
    if !credit.refused {
        let outcome = Outcome::Cancelled(Cancelled::GatewayLost);
        return vec![Envelope::settled(settled(outcome, credit.usage))];
    }
    // What its client was told, and what takes back the charge for the answer, should its gateway's settlement be there
    // already.
    let failed = settled(Outcome::Failed(Failure::Unrecorded), Usage::default());
    let reversed = whole.map(|whole| settled(Outcome::Completed, whole).reverse(now));
    [Envelope::settled(failed)].into_iter().chain(reversed.map(Envelope::reversed)).collect()
}

fn attempted(worker: WorkerId, report: AttemptReport) -> Attempt {
    let AttemptReport { upstream, outcome, usage, service_tier: _, upstream_request_id } = report;
    Attempt { worker, upstream, outcome, usage, upstream_request_id }
}

#[cfg(test)]
mod tests;
