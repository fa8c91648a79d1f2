//! Processes killed and stopped at random instants under load: every answer is charged once, and nothing else is.
//!
//! What happens when is a function of a seed, which is printed: `FAULTS_SEED=7 cargo test --test faults`. `FAULTS` says
//! how many faults there are, `FAULTS_REPORT` names a file to write what came of them to.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod audit;
mod inflict;
mod load;
mod plan;
mod postgres_away;
mod report;

use std::{
    env,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use uplion_bench::upstream::Upstream;
use uplion_tests::{
    installation::{Customer, Installation, Plan as Wanted},
    wait,
};

use crate::{audit::Audit, load::Load, plan::Plan, report::Run};

const CLIENTS: usize = 16;
/// Short, because what nobody is left to settle is settled a minute after it.
const DEADLINE: Duration = Duration::from_secs(10);
const SWEPT: Duration = Duration::from_secs(60 + 10 + 45);

fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} cannot be read")))
}

fn seed() -> u64 {
    setting("FAULTS_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_got_a_whole_answer_was_charged_for_it_once_whatever_died() {
    let (seed, faults) = (seed(), setting("FAULTS").unwrap_or(20));
    eprintln!("seed {seed}: again with FAULTS_SEED={seed} FAULTS={faults}");
    let wanted = Wanted { deadline: DEADLINE, own_servers: true, ..Wanted::default() };
    let installation = Arc::new(Installation::start(wanted).await.unwrap());
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "faulty", &[upstream.url()]).await.unwrap();
    let (customer, plan) = (Arc::new(customer), Plan::of(seed, faults));

    let began = Instant::now();
    let load = Load::start(&customer, CLIENTS, seed);
    let hands = plan.hands.into_iter().map(|faults| {
        let installation = Arc::clone(&installation);
        tokio::spawn(async move { inflict::inflict(&installation, faults, began).await })
    });
    let mut inflicted = Vec::new();
    for hand in hands.collect::<Vec<_>>() {
        inflicted.extend(hand.await.unwrap());
    }
    let asked = load.stop().await;
    let lasted = began.elapsed();

    let ledger = installation.settled().await.unwrap();
    wait::until(SWEPT, "every request to be settled", async || {
        ledger.unsettled().await.is_ok_and(|unsettled| unsettled == 0)
    })
    .await
    .unwrap();
    let ledger = installation.settled().await.unwrap();
    let audit = Audit::of(&asked, &ledger, &upstream, &customer.key).await.unwrap();
    let run = Run { seed, inflicted, lasted, audit };
    eprintln!("{run}");
    run.audit.assert_right();
    let told = installation.command(&["projection", "verify"]).await.unwrap();
    assert!(told.status.success(), "rebuilt is not live: {told:?}");
    run.write().unwrap();
}
