//! Gateways that do not answer: what waits for them settles nothing, is not lost, and holds nobody else up.

use std::time::{Duration, Instant};

use serde_json::json;
use uplion_domain::Event;
use uplion_log_transport::claim::FromWorker;
use uplion_tests::wait;
use uplion_worker::Options;

use crate::{
    gateway::{Gateway, GatewayBehavior, OfferedRequest},
    harness::{Harness, MODEL, Running, chat, model},
};

/// At the upstream.
const PLACES: u32 = 4;
/// Of gateways that do not answer.
const TICKETS: usize = 200;
/// Not optimised, on a busy machine. Were their places held for as long as a claim is, it would take 25 s.
const SOON: Duration = Duration::from_secs(4);

#[tokio::test]
async fn a_claim_that_is_not_answered_is_given_up_and_a_late_go_handed_back() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    // Once it has said that it is there, the ticket comes back under another claim.
    let again = gateway.claimed().await;
    assert_ne!(again.id, claim.id);
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    let handed_back = gateway.hear_until(|said| match said {
        FromWorker::Release { claim, .. } => Some(claim),
        _ => None,
    });
    assert_eq!(handed_back.await, claim.id);
    assert_eq!(harness.upstream.totals().requests, 0);
}

#[tokio::test]
async fn a_ticket_past_its_deadline_whose_gateway_is_gone_is_thrown_away() {
    let harness = Harness::start().await;
    let (_worker, gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    gateway.offer_until(MODEL, chat(json!({})), 500).await;
    drop(gateway);
    harness.queue_is_empty().await;
    assert!(harness.traffic().await.iter().all(|event| matches!(event, Event::Worker(_))));
}

#[tokio::test]
async fn tickets_of_a_gateway_that_is_gone_hold_up_nobody_and_stay() {
    let harness = Harness::start().await;
    let (mut living, gone) =
        (Gateway::listen(&harness.log).await, Gateway::listen(&harness.log).await);
    offer(&gone, TICKETS).await;
    drop(gone);
    let _worker = worker_with_places(&harness).await;
    let took = answered_among(&mut living).await;
    assert!(took < SOON, "{took:?}");
    // Who is only out of reach may be back.
    let left = async || harness.depth().await == TICKETS as u64;
    wait::until(wait::PATIENCE, "the others' tickets, and no more", left).await.unwrap();
}

#[tokio::test]
async fn tickets_of_a_gateway_that_is_stopped_hold_up_nobody_and_are_claimed_once_it_is_back() {
    let harness = Harness::start().await;
    let (mut living, mut stopped) =
        (Gateway::listen(&harness.log).await, Gateway::listen(&harness.log).await);
    let offered = offer(&stopped, TICKETS).await;
    let _worker = worker_with_places(&harness).await;
    let took = answered_among(&mut living).await;
    assert!(took < SOON, "{took:?}");

    // It reads what has come meanwhile, and says that it is there.
    let [wanted, others @ ..] = &offered[..] else { panic!("{TICKETS} tickets") };
    for other in others {
        stopped.nobody_needs(other.request);
    }
    let back = Instant::now();
    let answered = stopped.ask_until(wanted, GatewayBehavior::default()).await;
    assert_eq!(answered.head.unwrap().status, 200);
    assert!(back.elapsed() < 2 * SOON, "{:?}", back.elapsed());
}

async fn worker_with_places(harness: &Harness) -> Running {
    let mut upstream = harness.upstream();
    upstream.max_in_flight = PLACES;
    harness.start_worker(Options::own(model(MODEL), upstream)).await
}

async fn offer(gateway: &Gateway, tickets: usize) -> Vec<OfferedRequest> {
    let mut offered = Vec::new();
    for _ in 0..tickets {
        offered.push(gateway.offer(MODEL, chat(json!({}))).await);
    }
    offered
}

/// How long one request takes from its offer to its answer, behind the tickets of another gateway.
async fn answered_among(living: &mut Gateway) -> Duration {
    let began = Instant::now();
    let offered = living.offer(MODEL, chat(json!({}))).await;
    let answered = living.ask(&offered, GatewayBehavior::default()).await;
    assert_eq!(answered.head.unwrap().status, 200);
    began.elapsed()
}
