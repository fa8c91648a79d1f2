//! What a worker may have under way to one gateway, all requests together.

use std::collections::HashMap;

use serde_json::json;
use uplion_domain::ClaimId;
use uplion_log_transport::claim::{ConnectionWindow, FromGateway, FromWorker};

use crate::{
    gateway::{Claim, Gateway, GatewayBehavior, WIDE_OPEN, credited},
    harness::{Harness, MODEL, chat},
};

/// What was heard of each claim's chunks until nothing more came: two signs of life without a chunk between them.
async fn until_quiet(gateway: &mut Gateway, heard: &mut HashMap<ClaimId, u64>, until: u64) -> u64 {
    let mut quiet_at = None;
    gateway
        .hear_until(|said| match said {
            FromWorker::Chunk { claim, bytes, all_sent, .. } => {
                *heard.entry(claim).or_default() += bytes.len() as u64;
                assert_eq!(all_sent, heard.values().sum::<u64>());
                assert!(all_sent <= until, "{all_sent} of {until}");
                None
            }
            FromWorker::Alive { claim, all_sent, .. } => match quiet_at {
                None if all_sent > 0 => {
                    quiet_at = Some((claim, all_sent));
                    None
                }
                Some(known) if known == (claim, all_sent) => Some(all_sent),
                Some((first, _)) if first == claim => {
                    quiet_at = Some((claim, all_sent));
                    None
                }
                Some(_) | None => None,
            },
            _ => None,
        })
        .await
}

async fn widen_connection_window(
    gateway: &Gateway,
    to: Claim,
    number: u64,
    connection_window: ConnectionWindow,
) {
    let claim = to.id;
    let (received, window, credited) = (0, 0, credited(number));
    let credit = FromGateway::Credit { claim, received, window, connection_window, credited };
    gateway.say(to, credit).await;
}

#[tokio::test]
async fn all_requests_together_send_no_more_than_the_gateway_has_room_for() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let long = json!({"stream": true, "mock": {"chunks": 200, "chunk_bytes": 4_000}});
    let behavior = GatewayBehavior {
        connection_window: ConnectionWindow { heard: 0, until: 150_000 },
        ..GatewayBehavior::default()
    };
    let mut claims = Vec::new();
    for _ in 0..3 {
        let offered = gateway.offer(MODEL, chat(long.clone())).await;
        let claim = gateway.claimed().await;
        gateway.go(claim, &offered, &behavior).await;
        claims.push(claim);
    }
    let mut heard = HashMap::new();
    let first = until_quiet(&mut gateway, &mut heard, 150_000).await;
    assert!(first > 80_000, "{first}: a chunk more would fit");

    let connection_window = ConnectionWindow { heard: first, until: first + 200_000 };
    widen_connection_window(&gateway, claims[0], 1, connection_window).await;
    let second = until_quiet(&mut gateway, &mut heard, connection_window.until).await;
    assert!(second > connection_window.until - 70_000, "{second} of {connection_window:?}");
    assert_eq!(heard.len(), 3, "each has its turn: {heard:?}");

    widen_connection_window(&gateway, claims[1], 1, WIDE_OPEN).await;
    until_quiet(&mut gateway, &mut heard, u64::MAX).await;
    assert!(heard.values().all(|bytes| *bytes > 190_000), "its own window alone: {heard:?}");
}
