//! Postgres may be away for hours: nobody notices, and the bill is complete afterwards.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use serde_json::json;
use tokio::time::sleep;
use uplion_bench::upstream::{Script, Upstream};
use uplion_tests::{
    installation::{Customer, Installation, Plan, price},
    uplion::Uplion,
    wait,
};

const REQUESTS: usize = 10_000;
const CLIENTS: usize = 64;
/// Before a client that was turned away asks again, at the other gateway.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until it is answered. Counts how often it was turned away.
async fn insist(customer: &Customer, number: usize, turned_away: &AtomicUsize) {
    let question = customer.question(&format!("number {number}"), &json!({}));
    for attempt in 0..500 {
        match customer.at(number + attempt).ask(&question).await {
            Ok(answer) if answer.is_whole() => return,
            Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
            // A gateway that is not there refuses connections.
            Err(_) => {}
        }
        turned_away.fetch_add(1, Ordering::Relaxed);
        sleep(PAUSE).await;
    }
    panic!("request {number} was never answered");
}

async fn replace(gateway: &Uplion) {
    let status = gateway.terminate().await.unwrap();
    assert!(status.success(), "{status}: {}", gateway.output());
    gateway.restart().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_without_postgres_are_served_and_then_billed() {
    let plan = Plan { own_servers: true, ..Plan::default() };
    let installation = Installation::start(plan).await.unwrap();
    let upstream = Upstream::start().await.unwrap();
    upstream.set_default(Script { chunks: 1, ..Script::default() });
    let customer = Customer::new(&installation, "bereft", &[upstream.url()]).await.unwrap();
    let customer = Arc::new(customer);
    installation.settled().await.unwrap();

    installation.postgres.kill();
    let began = Instant::now();
    let (next, turned_away) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let clients = (0..CLIENTS).map(|_| {
        let (customer, next) = (Arc::clone(&customer), Arc::clone(&next));
        let turned_away = Arc::clone(&turned_away);
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= REQUESTS {
                    return;
                }
                insist(&customer, number, &turned_away).await;
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    for (n, gateway) in installation.gateways.iter().enumerate() {
        let reached = REQUESTS * (n + 1) / 3;
        wait::until(wait::PATIENCE * 4, "a third of the requests", async || {
            next.load(Ordering::Relaxed) >= reached
        })
        .await
        .unwrap();
        replace(gateway).await;
    }
    assert!(next.load(Ordering::Relaxed) < REQUESTS, "the gateways were replaced too late");
    for client in join_all(clients).await {
        client.unwrap();
    }
    eprintln!(
        "{REQUESTS} requests without Postgres, both gateways replaced meanwhile: {:?}; turned away {turned_away:?} times",
        began.elapsed()
    );

    installation.postgres.restart().await.unwrap();
    let ledger = installation.settled().await.unwrap();
    assert_eq!(ledger.unsettled().await.unwrap(), 0);
    let billed = ledger.billed(Some(&customer.key)).await.unwrap();
    assert_eq!(billed.completion_tokens, i64::try_from(REQUESTS).unwrap());
    assert_eq!(billed.cost_nanos, price(billed.prompt_tokens, billed.completion_tokens));
    assert_eq!(upstream.totals().requests, REQUESTS as u64, "none was answered twice");
}
