//! Requests that nobody serves: they wait within bounds, and others do not notice.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    installation::{Customer, Installation, Plan},
    memory, wait,
};

const WAITING: usize = 10_000;
/// What a waiting request may cost its gateway: a connection, a ticket's copy, a small body.
const BYTES_PER_WAITING: u64 = 64 << 10;

async fn connect(customer: &Customer, gateway: &str) -> TcpStream {
    let body = customer.question("anybody?", &json!({})).to_string();
    let mut socket = TcpStream::connect(gateway.strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        customer.secret,
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

// Of its own: it fills a queue, and nobody else's test is to run beside ten thousand connections.
#[tokio::test]
async fn ten_thousand_requests_for_a_model_without_workers_wait_and_the_next_one_is_told_to_come_later()
 {
    let gateway = vec![
        ("--max-queue-per-model", WAITING.to_string()),
        ("--max-connections", (WAITING + 100).to_string()),
    ];
    let plan = Plan { workers: 1, gateway, ..Plan::default() };
    let installation = Installation::start(plan).await.unwrap();
    let upstream = Upstream::start().await.unwrap();
    let served = Customer::new(&installation, "served", &[upstream.url()]).await.unwrap();
    let unserved = Customer::new(&installation, "unserved", &[]).await.unwrap();
    // Of others each would be told at once that nobody will come.
    let waits = json!({ "wait_for_worker_s": 3_600 });
    installation.admin().terms(&unserved.model, &waits).await.unwrap();
    let resident = || {
        let gateways = installation.gateways.iter();
        gateways.map(|gateway| memory::resident(gateway.process())).sum::<u64>()
    };
    let before = resident();

    let mut waiting = Vec::with_capacity(WAITING);
    for n in 0..WAITING {
        waiting.push(connect(&unserved, &installation.gateways[n % 2].url()).await);
    }
    let full = "429 rate_limit_error queue_full -";
    wait::until(wait::PATIENCE, "the queue to be full", async || {
        let next = connect(&unserved, &installation.gateways[0].url()).await;
        let answered = tokio::time::timeout(Duration::from_millis(500), first_line(next)).await;
        answered.is_ok_and(|line| line.starts_with("HTTP/1.1 429"))
    })
    .await
    .unwrap();
    for gateway in 0..2 {
        let answer = unserved.at(gateway).ask(&unserved.question("me?", &json!({}))).await.unwrap();
        assert_eq!(answer.refusal(), full);
        assert!(answer.retry_after.is_some(), "{answer:?}");
    }
    let mut slowest = Duration::ZERO;
    for n in 0..50 {
        let began = Instant::now();
        let answer = served.at(n).ask(&served.question("x", &json!({}))).await.unwrap();
        assert!(answer.is_whole(), "{answer:?}");
        slowest = slowest.max(began.elapsed());
    }
    let grown = resident().saturating_sub(before);
    eprintln!(
        "{WAITING} waiting requests: gateways grew by {} MiB; the slowest of 50 of another model took {slowest:?}",
        grown >> 20
    );
    assert!(grown < BYTES_PER_WAITING * WAITING as u64, "{grown}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");

    // They go, and the queue is free for others again.
    drop(waiting);
    let ledger = installation.ledger().await.unwrap();
    wait::until(wait::PATIENCE, "all that left to be settled", async || {
        ledger.unsettled().await.is_ok_and(|unsettled| unsettled == 0)
    })
    .await
    .unwrap();
    let ledger = installation.settled().await.unwrap();
    let billed = ledger.billed(Some(&unserved.key)).await.unwrap();
    assert_eq!(billed.cost_nanos, 0, "who waited in vain pays nothing");
    assert!(billed.requests >= i64::try_from(WAITING).unwrap(), "{billed:?}");
}

async fn first_line(mut socket: TcpStream) -> String {
    let mut head = vec![0; 64];
    let read = socket.read(&mut head).await.unwrap_or(0);
    String::from_utf8_lossy(&head[..read]).into_owned()
}
