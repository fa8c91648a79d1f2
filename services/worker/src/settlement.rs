//! The end of a request whose gateway was lost, written by the worker that held `go`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uplion_domain::{
    Envelope, Usage, WorkerId,
    request::{Accepted, Cancelled, Outcome, Settlement, Timings, Writer},
};
use uplion_log_transport::{
    Log,
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

    /// Charges what the gateway had said was `delivered`. A duplicate means that the gateway had settled it after all.
    /// Whether it was settled before `until`.
    pub async fn gateway_lost(
        &self,
        accepted: &Accepted,
        delivered: Usage,
        until: Instant,
    ) -> bool {
        let envelope = self.settlement(accepted, delivered);
        let (subject, unique) = (envelope.event.subject(), Condition { unique: true, last: None });
        while Instant::now() < until {
            match self.streams.append(&subject, envelope.encode(), unique).await {
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, request = %accepted.request, "worker.settlement.unacknowledged");
                }
            }
            tokio::time::sleep(RETRY).await;
        }
        false
    }

    fn settlement(&self, accepted: &Accepted, delivered: Usage) -> Envelope {
        let (at, worker) = ((self.clock)(), self.worker);
        let total = u64::try_from(at.micros() - accepted.at.micros()).unwrap_or_default();
        Envelope::settled(accepted.settle(Settlement {
            outcome: Outcome::Cancelled(Cancelled::GatewayLost),
            delivered,
            service_tier: None,
            timings: Timings { total, ..Timings::default() },
            worker: Some(worker),
            attempts: vec![],
            writer: Writer::Worker(worker),
            at,
        }))
    }
}
