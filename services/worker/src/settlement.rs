//! The end of a request whose gateway was lost, written by the worker that held `go`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uplion_domain::{
    Envelope, Usage, WorkerId,
    request::{Accepted, Attempt, Cancelled, Outcome, Settlement, Timings, Writer},
};
use uplion_log_transport::{
    Log,
    claim::AttemptReport,
    stream::{Condition, Streams},
};

use crate::clock::Clock;

const RETRY: Duration = Duration::from_secs(1);

pub struct Settlements {
    worker: WorkerId,
    streams: Arc<dyn Streams>,
    clock: Clock,
}

impl Settlements {
    pub fn new(worker: WorkerId, log: &Log, clock: &Clock) -> Self {
        Self { worker, streams: Arc::clone(&log.streams), clock: Arc::clone(clock) }
    }

    /// Charges what the gateway had said was `delivered`. If the gateway settles it after all, the first of the two
    /// settlements counts. Whether it was settled before `until`.
    pub async fn gateway_lost(
        &self,
        accepted: &Accepted,
        delivered: Usage,
        attempt: Option<AttemptReport>,
        until: Instant,
    ) -> bool {
        let envelope = self.settlement(accepted, delivered, attempt);
        let subject = envelope.event.subject();
        while Instant::now() < until {
            match self.streams.append(&subject, envelope.encode(), Condition::default()).await {
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, request = %accepted.request, "worker.settlement.unacknowledged");
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
        delivered: Usage,
        attempt: Option<AttemptReport>,
    ) -> Envelope {
        let attempt = attempt.map(AttemptReport::bounded);
        let service_tier = attempt.as_ref().and_then(|attempt| attempt.service_tier.clone());
        let (at, worker) = ((self.clock)(), self.worker);
        let total = u64::try_from(at.micros() - accepted.at.micros()).unwrap_or_default();
        Envelope::settled(accepted.settle(Settlement {
            outcome: Outcome::Cancelled(Cancelled::GatewayLost),
            delivered,
            service_tier,
            timings: Timings { total, ..Timings::default() },
            worker: Some(worker),
            attempts: attempt.map(|report| attempted(worker, report)).into_iter().collect(),
            writer: Writer::Worker(worker),
            at,
        }))
    }
}

fn attempted(worker: WorkerId, report: AttemptReport) -> Attempt {
    let AttemptReport { upstream, outcome, usage, service_tier: _, upstream_request_id } = report;
    Attempt { worker, upstream, outcome, usage, upstream_request_id }
}
