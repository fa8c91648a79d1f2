//! The end of a request whose gateway was lost, written by the worker that held `go`.
//!
//! It charges what the gateway had said was delivered. Where nothing was, there is nothing to charge and no haste: the
//! gateway may live, out of reach from here only, and give the answer of another worker; the first settlement counts,
//! and an answer must not go out for nothing. The sweeper ends it. But a client that was refused its whole answer is
//! not to be charged for it, and then only this worker may know.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uplion_domain::{
    Envelope, Usage, WorkerId,
    request::{
        Accepted, Attempt, Cancelled, Failure, Outcome, Settled, Settlement, Timings, Writer,
    },
};
use uplion_log_transport::{
    Log,
    claim::AttemptReport,
    stream::{Condition, Streams},
};

use crate::clock::Clock;

const RETRY: Duration = Duration::from_secs(1);
/// A refusal is written for so much longer: late, it harms nobody.
const REFUSAL_PATIENCE: Duration = Duration::from_mins(10);

pub struct Settlements {
    worker: WorkerId,
    streams: Arc<dyn Streams>,
    clock: Clock,
}

/// What a worker knows of a request whose gateway it lost.
#[derive(Debug)]
pub struct GatewayLost {
    /// Usage of what the gateway had said was written to the client.
    pub delivered: Usage,
    /// Of the whole answer, if the gateway said that its client is refused it.
    pub refused: Option<Usage>,
    pub attempt: Option<AttemptReport>,
    /// Later nobody but the sweeper settles.
    pub until: Instant,
}

impl GatewayLost {
    /// Whether to leave the settlement to others.
    fn has_nothing_to_say(&self) -> bool {
        self.refused.is_none() && self.delivered.is_none()
    }
}

impl Settlements {
    pub fn new(worker: WorkerId, log: &Log, clock: &Clock) -> Self {
        Self { worker, streams: Arc::clone(&log.streams), clock: Arc::clone(clock) }
    }

    /// If the gateway settles it after all, the first of the two settlements counts. Whether this worker is done with
    /// it.
    pub async fn gateway_lost(&self, accepted: &Accepted, lost: GatewayLost) -> bool {
        if lost.has_nothing_to_say() {
            return true;
        }
        match lost.refused {
            None => {
                let outcome = Outcome::Cancelled(Cancelled::GatewayLost);
                let settled = self.settlement(accepted, outcome, lost.delivered, lost.attempt);
                self.append(&Envelope::settled(settled), lost.until).await
            }
            Some(whole) => {
                let until = lost.until + REFUSAL_PATIENCE;
                let [failed, reversed] = self.refusal(accepted, whole, lost.attempt);
                self.append(&failed, until).await && self.append(&reversed, until).await
            }
        }
    }

    /// What its client was told, and what takes back the charge for the answer, should its gateway's settlement be
    /// there already.
    fn refusal(
        &self,
        accepted: &Accepted,
        whole: Usage,
        attempt: Option<AttemptReport>,
    ) -> [Envelope; 2] {
        let charged = self.settlement(accepted, Outcome::Completed, whole, attempt.clone());
        let failed = Outcome::Failed(Failure::Unrecorded);
        let failed = self.settlement(accepted, failed, Usage::default(), attempt);
        [Envelope::settled(failed), Envelope::reversed(charged.reverse(charged.at))]
    }

    async fn append(&self, envelope: &Envelope, until: Instant) -> bool {
        let subject = envelope.event.subject();
        while Instant::now() < until {
            match self.streams.append(&subject, envelope.encode(), Condition::default()).await {
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, event = %envelope.id, "worker.settlement.unacknowledged");
                }
            }
            tokio::time::sleep(RETRY).await;
        }
        false
    }

    /// Its own attempt is the only one that this worker knows of.
    fn settlement(
        &self,
        accepted: &Accepted,
        outcome: Outcome,
        delivered: Usage,
        attempt: Option<AttemptReport>,
    ) -> Settled {
        let attempt = attempt.map(AttemptReport::bounded);
        let service_tier = attempt.as_ref().and_then(|attempt| attempt.service_tier.clone());
        let (at, worker) = ((self.clock)(), self.worker);
        let total = u64::try_from(at.micros() - accepted.at.micros()).unwrap_or_default();
        accepted.settle(Settlement {
            outcome,
            delivered,
            service_tier,
            timings: Timings { total, ..Timings::default() },
            worker: Some(worker),
            attempts: attempt.map(|report| attempted(worker, report)).into_iter().collect(),
            writer: Writer::Worker(worker),
            at,
        })
    }
}

fn attempted(worker: WorkerId, report: AttemptReport) -> Attempt {
    let AttemptReport { upstream, outcome, usage, service_tier: _, upstream_request_id } = report;
    Attempt { worker, upstream, outcome, usage, upstream_request_id }
}
