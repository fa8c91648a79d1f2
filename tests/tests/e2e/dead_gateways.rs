//! A gateway that dies or stops with many requests waiting: who asks another one waits an answer's time longer at most.

use std::{
    env,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::task::JoinSet;
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    chat::ChatResponse,
    installation::{Customer, Installation, Plan},
    wait,
};

/// Places at the upstream.
const PLACES: u32 = 16;
/// Of one answer.
const ANSWER: Duration = Duration::from_secs(1);
/// Requests that wait at the gateway when it dies, unless `WAITING` says how many.
const WAITING: usize = 200;
/// Who asks the other gateway then.
const OTHERS: usize = 8;
/// For processes that are not optimised, on a machine that does other things beside.
const ALLOWANCE: Duration = Duration::from_secs(3);

struct Scene {
    installation: Installation,
    upstream: Upstream,
    customer: Customer,
}

impl Scene {
    // Of its own: a gateway of it is killed.
    async fn start() -> Self {
        let plan = Plan { gateways: 2, workers: 1, ..Plan::default() };
        let installation = Installation::start(plan).await.unwrap();
        let upstream = Upstream::start().await.unwrap();
        let urls = [upstream.url()];
        let customer = Customer::with_max_in_flight(&installation, "places", &urls, PLACES);
        let customer = customer.await.unwrap();
        Self { installation, upstream, customer }
    }

    fn asks(&self, gateway: usize, n: usize, tasks: &mut JoinSet<Option<ChatResponse>>) {
        let slow = json!({ "mock": { "delay_ms": ANSWER.as_millis() } });
        let question = self.customer.question(&format!("{gateway}: {n}"), &slow);
        let client = self.customer.at(gateway);
        tasks.spawn(async move { client.ask(&question).await.ok() });
    }

    /// So many requests at the first gateway, of which the upstream answers as many as it has places for.
    async fn crowd(&self, waiting: usize) -> JoinSet<Option<ChatResponse>> {
        let mut crowd = JoinSet::new();
        for n in 0..waiting {
            self.asks(0, n, &mut crowd);
        }
        let ledger = self.installation.ledger().await.unwrap();
        let all = async || {
            let accepted = ledger.accepted().await.is_ok_and(|accepted| accepted.len() >= waiting);
            accepted && self.upstream.running() == PLACES as usize
        };
        wait::until(wait::PATIENCE, "the crowd", all).await.unwrap();
        crowd
    }

    /// The longest that one of several waits who ask the other gateway at once.
    async fn slowest_of_others(&self) -> Duration {
        let began = Instant::now();
        let mut others = JoinSet::new();
        for n in 0..OTHERS {
            self.asks(1, n, &mut others);
        }
        let mut slowest = Duration::ZERO;
        while let Some(answer) = others.join_next().await {
            assert!(answer.unwrap().expect("an answer").is_whole());
            slowest = began.elapsed();
        }
        slowest
    }
}

fn waiting() -> usize {
    env::var("WAITING").map_or(WAITING, |waiting| waiting.parse().unwrap())
}

/// A place becomes free, an answer takes its time, and as much again.
fn bound() -> Duration {
    3 * ANSWER + ALLOWANCE
}

#[tokio::test]
async fn requests_of_a_killed_gateway_cost_others_an_answers_time_at_most() {
    let scene = Scene::start().await;
    let mut crowd = scene.crowd(waiting()).await;
    scene.installation.gateways[0].kill();
    let slowest = scene.slowest_of_others().await;
    eprintln!("{} waiting, killed: the slowest of {OTHERS} others took {slowest:?}", waiting());
    assert!(slowest < bound(), "{slowest:?}");
    while let Some(answer) = crowd.join_next().await {
        assert!(answer.unwrap().is_none(), "nobody answers for a killed gateway");
    }
    // Its tickets still go round.
    let slowest = scene.slowest_of_others().await;
    assert!(slowest < bound(), "{slowest:?}");
}

#[tokio::test]
async fn requests_of_a_stopped_gateway_cost_others_no_more_and_are_answered_when_it_is_back() {
    let scene = Scene::start().await;
    let mut crowd = scene.crowd(3 * PLACES as usize).await;
    scene.installation.gateways[0].stop();
    let slowest = scene.slowest_of_others().await;
    eprintln!("stopped: the slowest of {OTHERS} others took {slowest:?}");
    assert!(slowest < bound(), "{slowest:?}");
    scene.installation.gateways[0].cont();
    while let Some(answer) = crowd.join_next().await {
        let answer = answer.unwrap().expect("an answer");
        assert!(answer.is_whole(), "{answer:?}");
    }
}
