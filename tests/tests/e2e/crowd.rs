//! Many clients at once that read slowly or vanish: memory stays within its bound, and others are served.

use std::{
    collections::BTreeMap,
    env,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::task::JoinSet;
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    installation::{Customer, Installation, Plan},
    memory,
    uplion::Uplion,
    wait,
};

use crate::{
    clients::{connect, read_slowly, slowest},
    streamed,
};

/// Clients that read slowly, unless `CROWD` says how many; half as many vanish.
const SLOW: usize = 200;
/// What a client that does not read may cost all gateways together, and all workers: 64 KiB that wait to be written, or
/// to be heard of again, up to 256 KiB in the buffers of the upstream's connection, and what is allocated beside.
const BYTES_PER_CLIENT: u64 = 512 << 10;
/// Until the windows of all are full; unoptimised on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn resident(roles: &[Uplion]) -> u64 {
    roles.iter().map(|role| memory::resident(role.process())).sum()
}

async fn running(installation: &Installation, upstream: &Upstream, wanted: usize) {
    let reached = wait::until(PATIENCE, "all calls", async || upstream.running() == wanted).await;
    if let Err(error) = reached {
        let mut ends = BTreeMap::<_, u32>::new();
        for settled in installation.settled().await.unwrap().settlements().await.unwrap() {
            *ends.entry((settled.outcome, settled.why, settled.writer)).or_default() += 1;
        }
        panic!("{error:#}: {} run; settled: {ends:?}", upstream.running());
    }
}

// Of its own: others' tests would be timed with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_slow_clients_and_of_those_that_vanish_takes_a_bounded_amount_of_memory() {
    let slow_clients = env::var("CROWD").map_or(SLOW, |crowd| crowd.parse().unwrap());
    let vanishing_clients = slow_clients / 2;
    let installation = Installation::start(Plan::default()).await.unwrap();
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "crowd", &[upstream.url()]).await.unwrap();
    slowest(&customer, 20).await;
    let before = (resident(&installation.gateways), resident(&installation.workers));
    let endless = streamed(&json!({"chunks": 1_000_000, "padding_bytes": 4_000}));
    let began = Instant::now();
    let mut slow = JoinSet::new();
    for n in 0..slow_clients {
        let question = customer.question(&format!("slow {n}"), &endless);
        let gateway = installation.gateways[n % 2].url();
        slow.spawn(read_slowly(connect(&customer, &gateway, &question).await));
    }
    running(&installation, &upstream, slow_clients).await;
    let mut vanishing = Vec::new();
    for n in 0..vanishing_clients {
        let question = customer.question(&format!("vanishing {n}"), &endless);
        vanishing.push(connect(&customer, &installation.gateways[n % 2].url(), &question).await);
    }
    running(&installation, &upstream, slow_clients + vanishing_clients).await;
    let slowest = slowest(&customer, 20).await;
    let grown = (
        resident(&installation.gateways).saturating_sub(before.0),
        resident(&installation.workers).saturating_sub(before.1),
    );
    let (left, lasted) = (Instant::now(), began.elapsed());
    drop(vanishing);
    running(&installation, &upstream, slow_clients).await;
    eprintln!(
        "{slow_clients} slow and {vanishing_clients} vanishing clients for {lasted:?}: gateways grew by {} MiB, workers by {} MiB; \
         the slowest of 20 others took {slowest:?}; the vanished were let go within {:?}",
        grown.0 >> 20,
        grown.1 >> 20,
        left.elapsed()
    );
    let bound = BYTES_PER_CLIENT * (slow_clients + vanishing_clients) as u64;
    assert!(grown.0 < bound && grown.1 < bound, "{grown:?} of {bound}");
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    slow.shutdown().await;
    running(&installation, &upstream, 0).await;
}
