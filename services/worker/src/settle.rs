//! The end of a request whose gateway was lost, written by the worker that held `go`.

use std::time::{Duration, Instant};

use uplion_domain::{
    Envelope, Usage,
    request::{Accepted, Cancelled, Outcome, Timings, Writer},
};
use uplion_log_transport::stream::Condition;

use crate::context::{Context, now};

const TRY_EVERY: Duration = Duration::from_secs(1);

/// Charges what the gateway had said was `delivered`. A duplicate means that the gateway had settled it after all.
/// Whether it was settled before `until`.
pub async fn gateway_lost(
    context: &Context,
    accepted: &Accepted,
    delivered: Usage,
    until: Instant,
) -> bool {
    let at = now();
    let total = u64::try_from(at.micros() - accepted.at.micros()).unwrap_or_default();
    let timings = Timings { total, ..Timings::default() };
    let (outcome, worker) = (Outcome::Cancelled(Cancelled::GatewayLost), context.worker);
    let settled =
        accepted.settle(outcome, delivered, timings, Some(worker), Writer::Worker(worker), at);
    let envelope = Envelope::settled(settled);
    let (subject, unique) = (envelope.event.subject(), Condition { unique: true, last: None });
    while Instant::now() < until {
        match context.log.streams.append(&subject, envelope.encode(), unique).await {
            Ok(_) => return true,
            Err(error) => {
                tracing::warn!(%error, request = %accepted.request, "a request without gateway is not settled yet");
            }
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
    false
}
