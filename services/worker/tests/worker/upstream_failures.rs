//! Upstreams that do not answer, and claims that lead to nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use uplion_bench::upstream::{End as MockEnd, Script};
use uplion_domain::{
    Event, ModelName, WorkerId,
    model::UpstreamId,
    worker::{self, FailureReason},
};
use uplion_log_transport::claim::{End, FromGateway, FromWorker, ReleaseReason};
use uplion_worker::Options;

use crate::{
    gateway::{Gateway, GatewayBehavior, end_of},
    harness::{Harness, MODEL, chat, model},
};

#[expect(clippy::needless_pass_by_value, reason = "what is picked from is taken")]
fn released(said: FromWorker) -> Option<ReleaseReason> {
    match said {
        FromWorker::Release { reason, .. } => Some(reason),
        FromWorker::Claim { .. }
        | FromWorker::BodyRequest { .. }
        | FromWorker::AreYouThere { .. }
        | FromWorker::Settle(_)
        | FromWorker::Alive { .. }
        | FromWorker::Chunk { .. }
        | FromWorker::Finish { .. } => None,
    }
}

#[tokio::test]
async fn the_clients_own_mistake_goes_back_to_it_unchanged() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    for stream in [false, true] {
        let body = chat(json!({"stream": stream, "mock": {"status": 422}}));
        let offered = gateway.offer(MODEL, body).await;
        let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
        assert_eq!(answered.end, End::Rejected { status: 422 });
        assert_eq!(answered.head.as_ref().unwrap().status, 422);
        assert!(answered.text().contains("the script says 422"));
    }
}

#[tokio::test]
async fn a_failing_upstream_releases_the_task_and_is_tried_again_with_it() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    for (status, reason) in [(503, ReleaseReason::UpstreamFailed), (429, ReleaseReason::Busy)] {
        harness.upstream.next(Script { status, ..Script::default() });
        let offered = gateway.offer(MODEL, chat(json!({}))).await;
        let claim = gateway.claimed().await;
        gateway.go(claim, &offered, &GatewayBehavior::default()).await;
        assert_eq!(gateway.hear_until(released).await, reason);
        gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
        let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
        assert_eq!(answered.end, End::Complete);
    }
}

/// Offers a request of a key of its own, and gives what its worker hands it back with.
async fn handed_back(gateway: &mut Gateway, tried: Vec<UpstreamId>) -> FromWorker {
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    loop {
        let claim = gateway.claimed().await;
        if claim.request == offered.request {
            let behavior = GatewayBehavior { tried, ..GatewayBehavior::default() };
            gateway.go(claim, &offered, &behavior).await;
            let back = gateway.hear_until(|said| released(said.clone()).map(|_| said)).await;
            gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
            gateway.nobody_needs(offered.request);
            return back;
        }
        gateway.say(claim, FromGateway::Drop { claim: claim.id }).await;
    }
}

#[tokio::test]
async fn an_upstream_that_is_busy_for_several_is_left_alone_for_as_long_as_it_asks() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let busy = Script { status: 429, retry_after_s: Some(2), ..Script::default() };
    for _ in 0..3 {
        // Two clients' requests, and the worker's own question.
        harness.upstream.next(busy.clone());
    }
    for _ in 0..2 {
        let back = handed_back(&mut gateway, vec![]).await;
        assert_eq!(released(back), Some(ReleaseReason::Busy));
    }
    let began = Instant::now();
    let FromWorker::Release { reason, words, attempt, .. } =
        handed_back(&mut gateway, vec![]).await
    else {
        panic!("it is handed back")
    };
    assert_eq!((reason, attempt), (ReleaseReason::NoneLeft, None));
    let words = words.unwrap();
    assert_eq!((words.status, words.retry_after_s), (429, Some(2)));
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let answered = gateway.ask_until(&offered, GatewayBehavior::default()).await;
    assert_eq!(answered.end, End::Complete);
    assert!(began.elapsed() > Duration::from_millis(1_500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn one_clients_failures_take_an_upstream_from_nobody() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let first = gateway.offer(MODEL, chat(json!({}))).await;
    assert_eq!(gateway.ask(&first, GatewayBehavior::default()).await.end, End::Complete);
    for status in [402, 403, 404, 405, 500, 429] {
        harness.upstream.next(Script { status, ..Script::default() });
        let offered = gateway.offer(MODEL, chat(json!({}))).await;
        let claim = gateway.claimed().await;
        gateway.go(claim, &offered, &GatewayBehavior::default()).await;
        if matches!(status, 500 | 429) {
            gateway.hear_until(released).await;
        } else {
            let end = gateway.hear_until(|said| end_of(&said)).await.1;
            assert_eq!(end, End::Rejected { status });
        }
        gateway.say(claim, FromGateway::Settled { claim: claim.id }).await;
        gateway.nobody_needs(offered.request);
        let began = Instant::now();
        let next = gateway.offer(MODEL, chat(json!({}))).await;
        assert_eq!(gateway.ask_until(&next, GatewayBehavior::default()).await.end, End::Complete);
        assert!(began.elapsed() < Duration::from_millis(500), "{status}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_request_that_was_at_every_upstream_is_handed_back_at_once() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let back = handed_back(&mut gateway, vec![harness.upstream().id()]).await;
    assert_eq!(released(back), Some(ReleaseReason::NoneLeft));
    assert_eq!(harness.upstream.running(), 0);
}

#[tokio::test]
async fn an_upstream_that_comes_back_is_found_by_the_worker_itself() {
    let harness = Harness::start().await;
    let mut upstream = harness.upstream();
    let port = uplion_tests::port::Port::reserve().unwrap();
    upstream.url = format!("http://127.0.0.1:{}/v1", port.number());
    let _worker = harness.start_worker(Options::own(model(MODEL), upstream)).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    let back = handed_back(&mut gateway, vec![]).await;
    assert_eq!(released(back), Some(ReleaseReason::Unreachable));
    let back = handed_back(&mut gateway, vec![]).await;
    assert_eq!(released(back), Some(ReleaseReason::NoneLeft));
    let address = ([127, 0, 0, 1], port.number()).into();
    let _mock = uplion_bench::upstream::Upstream::listen(address).unwrap();
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let answered = gateway.ask_until(&offered, GatewayBehavior::default()).await;
    assert_eq!(answered.end, End::Complete);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_unreachable() {
    let harness = Harness::start().await;
    let mut upstream = harness.upstream();
    upstream.url = "http://127.0.0.1:9/v1".into();
    let _worker = harness.start_worker(Options::own(model(MODEL), upstream)).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    assert_eq!(gateway.hear_until(released).await, ReleaseReason::Unreachable);
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_made_sure_of_and_is_then_an_event() {
    for (status, code, reason) in [
        (401, None, FailureReason::AuthenticationError),
        (307, None, FailureReason::ConfigurationError),
        (429, Some("insufficient_quota"), FailureReason::ApiQuotaExceededError),
    ] {
        let harness = Harness::start().await;
        let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
        let code = code.map(str::to_owned);
        harness.upstream.set_default(Script { status, code, ..Script::default() });
        let back = handed_back(&mut gateway, vec![]).await;
        assert_eq!(released(back), Some(ReleaseReason::WorkerFailed));
        assert_eq!(failure(&harness).await, (running.worker.id(), model(MODEL), reason));
        let back = handed_back(&mut gateway, vec![]).await;
        assert_eq!(released(back), Some(ReleaseReason::NoneLeft), "it is not called any more");
    }
}

/// That a worker has recorded.
async fn failure(harness: &Harness) -> (WorkerId, ModelName, FailureReason) {
    let seen = harness.event("worker.failed", |event| match event {
        Event::Worker(worker::Event::Failed { worker, model, reason, .. }) => {
            Some((*worker, model.clone(), *reason))
        }
        _ => None,
    });
    seen.await
}

#[tokio::test]
async fn a_credential_that_is_refused_once_and_then_taken_fails_nothing() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    harness.upstream.next(Script { status: 401, ..Script::default() });
    let back = handed_back(&mut gateway, vec![]).await;
    assert_eq!(released(back), Some(ReleaseReason::WorkerFailed));
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let answered = gateway.ask_until(&offered, GatewayBehavior::default()).await;
    assert_eq!(answered.end, End::Complete);
    assert_eq!(harness.reported().await.iter().filter(|event| is_failure(event)).count(), 0);
}

fn is_failure(event: &Event) -> bool {
    matches!(event, Event::Worker(worker::Event::Failed { .. }))
}

#[tokio::test]
async fn what_is_refused_to_everybody_is_the_upstreams_own_fault() {
    for (status, reason) in [
        (402, FailureReason::ApiQuotaExceededError),
        (403, FailureReason::AuthenticationError),
        (404, FailureReason::ConfigurationError),
    ] {
        let harness = Harness::start().await;
        let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
        let first = gateway.offer(MODEL, chat(json!({}))).await;
        assert_eq!(gateway.ask(&first, GatewayBehavior::default()).await.end, End::Complete);
        harness.upstream.set_default(Script { status, ..Script::default() });
        for _ in 0..2 {
            let offered = gateway.offer(MODEL, chat(json!({}))).await;
            let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
            assert_eq!(answered.end, End::Rejected { status }, "each hears it all the same");
        }
        assert_eq!(failure(&harness).await, (running.worker.id(), model(MODEL), reason));
    }
}

#[tokio::test]
async fn an_upstream_that_never_answered_and_lists_other_models_is_asked_at_the_first_refusal() {
    let harness = Harness::start().await;
    let (running, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    harness.upstream.set_default(Script { status: 404, ..Script::default() });
    let back = handed_back(&mut gateway, vec![]).await;
    assert_eq!(released(back), Some(ReleaseReason::WorkerFailed));
    let reason = FailureReason::ConfigurationError;
    assert_eq!(failure(&harness).await, (running.worker.id(), model(MODEL), reason));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_broken_once_something_of_it_went_out() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered =
        gateway.offer(MODEL, chat(json!({"stream": true, "mock": {"cut_after": 2}}))).await;
    let answered = gateway.ask(&offered, GatewayBehavior::default()).await;
    assert_eq!(answered.end, End::Broken);
    assert!(!answered.bytes.is_empty());

    let offered = gateway.offer(MODEL, chat(json!({"mock": {"cut_after": 2}}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    assert_eq!(gateway.hear_until(released).await, ReleaseReason::UpstreamFailed);
}

#[tokio::test]
async fn a_drop_closes_the_upstream_call_at_once() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    // Before the head, before the first chunk, in the middle.
    for mock in [json!({"delay_ms": 60_000}), json!({"hang_after": 0}), json!({"hang_after": 3})] {
        let body = chat(json!({"stream": true, "mock": mock, "user": mock.to_string()}));
        let offered = gateway.offer(MODEL, body).await;
        let claim = gateway.claimed().await;
        gateway.go(claim, &offered, &GatewayBehavior::default()).await;
        harness.something_runs().await;
        let told = Instant::now();
        gateway.say(claim, FromGateway::Drop { claim: claim.id }).await;
        harness.nothing_runs().await;
        let [delivery] = &harness.upstream.deliveries_of(&mock.to_string())[..] else {
            panic!("one")
        };
        assert_eq!(delivery.end, MockEnd::ClosedByClient);
        let late = delivery.ended.duration_since(told);
        assert!(late < Duration::from_millis(100), "{mock}: closed after {late:?}");
        harness.queue_is_empty().await;
    }
}

#[tokio::test]
async fn a_worker_is_alive_while_its_upstream_says_nothing() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({"mock": {"delay_ms": 60_000}}))).await;
    let claim = gateway.claimed().await;
    gateway.go(claim, &offered, &GatewayBehavior::default()).await;
    gateway.credit(claim, 1, 0, 0).await;
    let (mut alive, began) = (0, Instant::now());
    while began.elapsed() < Duration::from_secs(7) {
        let (_, said) = gateway.hear().await;
        let claim = claim.id;
        assert_eq!(said, FromWorker::Alive { claim, sent: 0, credit: 1, all_sent: 0 });
        alive += 1;
    }
    assert!(alive >= 6);
    assert_eq!(harness.depth().await, 1, "the ticket stays with it: nobody else claims");
}

#[tokio::test]
async fn a_ticket_that_must_wait_comes_back() {
    let harness = Harness::start().await;
    let (_worker, mut gateway) = (harness.worker().await, Gateway::listen(&harness.log).await);
    let offered = gateway.offer(MODEL, chat(json!({}))).await;
    let claim = gateway.claimed().await;
    gateway.say(claim, FromGateway::Wait { claim: claim.id, delay_ms: 50 }).await;
    let again = gateway.claimed().await;
    assert_ne!(again.id, claim.id);
    gateway.say(again, FromGateway::Drop { claim: again.id }).await;
    harness.queue_is_empty().await;
    assert_eq!(offered.request, again.request);
}

#[tokio::test]
async fn no_more_tickets_are_taken_than_the_upstream_has_room_for() {
    let harness = Harness::start().await;
    let mut upstream = harness.upstream();
    upstream.max_in_flight = 2;
    let _worker = harness.start_worker(Options::own(model(MODEL), upstream)).await;
    let mut gateway = Gateway::listen(&harness.log).await;
    let mut offered = Vec::new();
    for _ in 0..5 {
        let slow = json!({"mock": {"delay_ms": 60_000}});
        offered.push(gateway.offer(MODEL, chat(slow)).await);
    }
    let mut claims = Vec::new();
    for _ in 0..2 {
        let claim = gateway.claimed().await;
        let request = offered.iter().find(|offered| offered.request == claim.request).unwrap();
        gateway.go(claim, request, &GatewayBehavior::default()).await;
        claims.push(claim);
    }
    for _ in 0..4 {
        let (_, said) = gateway.hear().await;
        let FromWorker::Alive { claim, .. } = said else { panic!("{said:?}") };
        assert!(claims.iter().any(|has| has.id == claim));
    }
    gateway.say(claims[0], FromGateway::Drop { claim: claims[0].id }).await;
    gateway.claimed().await;
}
