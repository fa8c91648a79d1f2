//! Who may work on a request.

use uplion_domain::request::{Cancelled, Failure};

use super::*;

#[test]
fn one_worker_gets_it_and_others_wait() {
    let mut case = waiting(false);
    case.hears(claim(1)).hears(claim(2));
    assert!(matches!(case.said_to(1)[..], [FromGateway::Go(_)]));
    let claim = claim_id(2);
    assert_eq!(case.said_to(2), [&FromGateway::Wait { claim, delay_ms: 1000 }]);
    let assigned = case.done.iter().filter(|action| matches!(action, Action::Assigned(_)));
    assert_eq!(assigned.count(), 1);
}

#[test]
fn a_repeated_claim_gets_the_same_answer_and_assigns_nothing_anew() {
    let mut case = waiting(false);
    case.hears(claim(1)).until(1000, &[]).hears(claim(1));
    let [FromGateway::Go(first), .., FromGateway::Go(second)] = case.said_to(1)[..] else {
        panic!("{:?}", case.said_to(1))
    };
    assert_eq!((first.left_ms, second.left_ms), (DEADLINE, DEADLINE - 1000));
    let assigned = case.done.iter().filter(|action| matches!(action, Action::Assigned(_)));
    assert_eq!(assigned.count(), 1);
}

#[test]
fn a_long_body_is_sent_in_parts_as_the_worker_wants_them() {
    let body = Bytes::from(vec![b'x'; (1 << 20) + 5]);
    let mut case = given(false, body, Bounds::default());
    case.hears(claim(1));
    case.hears(FromWorker::BodyRequest { claim: claim_id(1), from: 1 << 19 });
    case.hears(FromWorker::BodyRequest { claim: claim_id(1), from: 1 << 20 });
    let [
        FromGateway::Go(go),
        FromGateway::Body { bytes: second, .. },
        FromGateway::Body { bytes: third, .. },
    ] = case.said_to(1)[..]
    else {
        panic!("{:?}", case.said_to(1))
    };
    assert_eq!(go.body_len, (1 << 20) + 5);
    assert_eq!((go.body.len(), second.len(), third.len()), (1 << 19, 1 << 19, 5));
}

#[test]
fn whoever_falls_silent_is_replaced_before_the_client_saw_anything() {
    let mut case = claimed(true);
    case.until(4500, &[]);
    assert_eq!(case.said_to(1).len(), 5, "go and four credits");
    case.until(5000, &[]);
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Drop { claim: claim_id(1) }));
    assert!(case.new_actions().contains(&Action::Offer));
    case.hears(claim(2));
    assert!(matches!(case.said_to(2)[..], [FromGateway::Go(_)]));
    assert_eq!(case.settlements(), Vec::<&Settled>::new());
}

#[test]
fn whoever_was_replaced_is_told_so_and_changes_nothing() {
    let mut case = claimed(true);
    case.until(5000, &[]).hears(claim(2));
    case.hears(chunk(0, 0, "data: {}\n\n"));
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Drop { claim: claim_id(1) }));
    assert_eq!(case.client_saw(), "");
}

#[test]
fn three_silent_workers_are_enough() {
    let mut case = claimed(false);
    case.until(5000, &[]).hears(claim(2)).until(10_000, &[]).hears(claim(3)).until(15_000, &[]);
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::WorkerSilent));
    assert_eq!(case.client_saw(), "[502 upstream_error]");
}

#[test]
fn a_worker_that_says_it_is_alive_may_take_its_time() {
    let mut case = claimed(false);
    case.until(DEADLINE - 1, &[1]);
    assert_eq!(case.client_saw(), "");
    case.until(DEADLINE, &[1]);
    assert_eq!(case.outcome(), &Outcome::Cancelled(Cancelled::Deadline));
    assert_eq!(case.client_saw(), "[504 timeout]");
    assert!(case.said_to(1).contains(&&FromGateway::Drop { claim: claim_id(1) }));
}

#[test]
fn a_gateway_that_stood_still_blames_nobody_for_its_own_silence() {
    let mut case = claimed(false);
    case.until(1000, &[1]).pauses_until(8000);
    assert!(!case.said_to(1).contains(&&FromGateway::Drop { claim: claim_id(1) }));
    case.until(14_000, &[]);
    assert!(case.said_to(1).contains(&&FromGateway::Drop { claim: claim_id(1) }));
}

#[test]
fn a_released_request_waits_for_another_worker() {
    let mut case = claimed(false);
    case.hears(release(1, ReleaseReason::Busy));
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
    assert!(!case.new_actions().contains(&Action::Offer), "the worker gives the ticket back");
    case.hears(release(1, ReleaseReason::Busy));
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
    case.hears(claim(2));
    assert!(matches!(case.said_to(2)[..], [FromGateway::Go(_)]));
}

#[test]
fn who_waits_for_a_model_that_is_retired_is_told_and_who_is_served_is_served_to_the_end() {
    let mut case = waiting(false);
    case.request.on_retired(case.now);
    case.gather();
    assert_eq!(case.client_saw(), "[404 model_not_found]");
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::Unavailable));

    let mut case = claimed(false);
    case.request.on_retired(case.now);
    case.gather();
    assert_eq!(case.client_saw(), "");
    assert!(case.settlements().is_empty());
}

#[test]
fn releases_are_not_silence_however_many() {
    let mut case = waiting(false);
    for n in 0..50 {
        case.hears(claim(n)).hears(release(n, ReleaseReason::Draining));
    }
    assert_eq!(case.settlements(), Vec::<&Settled>::new());
}

#[test]
fn a_ticket_that_cannot_be_offered_is_an_answer_unless_somebody_has_it_already() {
    let mut case = waiting(false);
    case.request.on_offered(case.now, unavailable());
    case.gather();
    assert_eq!(case.client_saw(), "[503 unavailable]");
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::Unavailable));

    let mut case = waiting(false);
    case.request.on_offered(case.now, Err(OfferError::Full("demo".parse().unwrap())));
    case.gather();
    assert_eq!(case.client_saw(), "[429 queue_full]");
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::QueueFull));

    let mut case = claimed(false);
    case.request.on_offered(case.now, unavailable());
    assert_eq!(case.gather().client_saw(), "");
}

#[test]
fn a_new_session_of_the_broker_means_a_new_ticket_and_none_means_503() {
    let mut case = waiting(false);
    case.request.on_link(case.now, UP);
    assert_eq!(case.new_actions(), []);
    case.request.on_link(case.now, Link::Up { session: 2 });
    assert_eq!(case.new_actions(), [Action::Offer]);
    case.request.on_link(case.now, Link::Down);
    case.gather();
    assert_eq!(case.client_saw(), "[503 unavailable]");

    let mut case = claimed(false);
    case.request.on_link(case.now, Link::Down);
    assert_eq!(case.gather().client_saw(), "", "its worker may be back in time");
    case.hears(release(1, ReleaseReason::Draining));
    assert_eq!(case.client_saw(), "[503 unavailable]");
}

#[test]
fn go_carries_what_was_read_of_the_body_so_that_nobody_reads_it_twice() {
    let mut case = waiting(false);
    case.hears(claim(1));
    let [FromGateway::Go(go)] = case.said_to(1)[..] else { panic!("{:?}", case.said_to(1)) };
    assert_eq!((&go.operation, &*go.read), (&Operation::CHAT_COMPLETION, &b"read"[..]));
}
