//! One client whose requests upstreams fail in every way: nobody else waits for it, or hears an error.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;
use uplion_bench::upstream::Upstream;
use uplion_tests::installation::{Customer, Installation};

const OTHERS: usize = 20;
const ASKS_EACH: usize = 30;
const SLOTS: u32 = 64;
/// What others may wait longer than without it.
const LONGER: Duration = Duration::from_secs(1);
/// Its own patience with an upstream that says nothing.
const GIVES_UP: Duration = Duration::from_secs(3);

/// What the bad client brings on, and the status that it gets.
fn troubles() -> Vec<(Value, u16)> {
    vec![
        (json!({"status": 404}), 404),
        (json!({"status": 402}), 402),
        (json!({"status": 403}), 403),
        (json!({"status": 403}), 403),
        (json!({"status": 403}), 403),
        (json!({"status": 500}), 502),
        (json!({"cut_after": 0}), 502),
    ]
}

async fn misbehave(customer: &Customer) {
    let question = customer.question("it hangs", &json!({"mock": {"hang_after": 0}}));
    let client = customer.at(0);
    let hanging = timeout(GIVES_UP, client.ask(&question));
    let failing = async {
        for (n, (mock, status)) in troubles().into_iter().enumerate() {
            let answer = customer.ask(&format!("bad {n}"), &json!({"mock": mock})).await.unwrap();
            assert_eq!(answer.status, status, "{mock}: {answer:?}");
        }
    };
    let (hung_up, ()) = tokio::join!(hanging, failing);
    assert!(hung_up.is_err(), "nothing was said to it");
}

/// Many ask well, one after the other each; how long the slowest answer took.
async fn behave(customer: &Customer) -> Duration {
    let all = (0..OTHERS).map(async |n| {
        let mut slowest = Duration::ZERO;
        for ask in 0..ASKS_EACH {
            let (client, text) = (customer.at(n), format!("client {n} asks {ask}"));
            let mock = json!({"mock": {"delay_ms": 20}});
            let began = Instant::now();
            let answer = client.ask(&customer.question(&text, &mock)).await.unwrap();
            assert!(answer.is_whole(), "{answer:?}");
            slowest = slowest.max(began.elapsed());
        }
        slowest
    });
    join_all(all).await.into_iter().max().unwrap_or_default()
}

async fn nobody_else_is_hurt(name: &str, upstreams: usize) {
    let installation = Installation::shared().await;
    let started = (0..upstreams).map(async |_| Upstream::start().await.unwrap());
    let started = join_all(started).await;
    let urls: Vec<String> = started.iter().map(Upstream::url).collect();
    let customer = Customer::with_max_in_flight(installation, name, &urls, SLOTS).await.unwrap();
    let alone = behave(&customer).await;
    let (together, ()) = tokio::join!(behave(&customer), misbehave(&customer));
    eprintln!("{upstreams} upstreams: {alone:?} alone, {together:?} beside a bad client");
    assert!(together < alone + LONGER, "{together:?} beside a bad client, {alone:?} alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_client_brings_on_at_an_only_upstream_hurts_nobody_else() {
    nobody_else_is_hurt("one-for-all", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_client_brings_on_at_two_upstreams_hurts_nobody_else() {
    nobody_else_is_hurt("two-for-all", 2).await;
}
