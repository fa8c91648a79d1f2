//! Disks that are full for a while under load: what clients got whole is what is charged, and while nothing can be
//! written clients are told so at once.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

#[path = "../faults/audit.rs"]
mod audit;
mod dev;
#[path = "../faults/load.rs"]
mod load;
mod servers;

use std::time::{Duration, Instant};

use serde_json::json;
use uplion_tests::{installation::Customer, wait};

const CLIENTS: usize = 8;
/// Longer than a client waits for the log.
const FULL: Duration = Duration::from_secs(14);
/// Before and after.
const BESIDE: Duration = Duration::from_secs(3);
const AT_ONCE: Duration = Duration::from_secs(2);
const FOUND_OUT: Duration = Duration::from_secs(20);

/// Whoever asks now is told to come again later, and does not wait for that.
async fn is_told_at_once(customer: &Customer) {
    wait::until(FOUND_OUT, "an error at once", async || {
        let began = Instant::now();
        let Ok(answer) = customer.ask("hello", &json!({ "user": "probe" })).await else {
            return false;
        };
        let quick = began.elapsed() < AT_ONCE;
        quick && answer.status == 503 && answer.retry_after.is_some()
    })
    .await
    .unwrap();
}

async fn is_served(customer: &Customer) {
    wait::until(wait::PATIENCE, "an answer again", async || {
        let asked = customer.ask("hello", &json!({ "user": "probe" })).await;
        asked.is_ok_and(|answer| answer.is_whole())
    })
    .await
    .unwrap();
}
