//! One settlement, and the client's end of the answer only once it is on the log.

use uplion_domain::request::{Cancelled, Failure};

use super::*;

/// With all of an answer here, and the settlement under way.
pub fn settling() -> Case {
    let mut case = claimed(false);
    case.hears(chunk(0, 0, "{\"a\":")).hears(chunk(1, 5, "1}")).hears(finish(2, 7, End::Complete));
    assert_eq!(case.outcome(), &Outcome::Completed);
    assert_eq!(case.client_saw(), "");
    case
}

#[test]
fn a_whole_answer_waits_for_the_log() {
    let mut case = settling();
    assert_eq!(case.settlements()[0].usage, billed(2));
    assert_eq!(case.settlements()[0].charge, Nanos::new(2));
    case.settles(SettleResult::Acknowledged);
    assert_eq!(case.client_saw(), "[200 application/json]{\"a\":1}");
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
    assert!(matches!(case.done.last(), Some(Action::Forget(Some(_)))));
}

#[test]
fn a_chunk_that_says_it_is_the_last_is_as_good_as_a_finish() {
    let mut case = claimed(false);
    case.hears(last(chunk(1, 5, "1}"))).until(500, &[1]);
    assert!(case.settlements().is_empty(), "the chunk before it is missing");
    case.hears(chunk(0, 0, "{\"a\":")).hears(last(chunk(1, 5, "1}")));
    assert_eq!(case.settlements()[0].usage, billed(2));
    case.settles(SettleResult::Acknowledged);
    assert_eq!(case.client_saw(), "[200 application/json]{\"a\":1}");
    case.hears(finish(2, 7, End::Complete));
    assert_eq!(case.settlements().len(), 1);
}

#[test]
fn an_answer_is_not_given_out_once_its_worker_may_have_settled_elsewhere() {
    // `go` is the only credit that was echoed, and was sent at the start.
    let mut case = settling();
    case.settles_at(8000);
    assert_eq!(case.client_saw(), "[200 application/json]{\"a\":1}");

    let mut case = settling();
    case.settles_at(8001);
    assert_eq!(case.client_saw(), "[500 internal_error]");
}

#[test]
fn a_stream_that_its_worker_may_have_settled_elsewhere_gets_no_end() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9).hears(finish(1, 9, End::Complete));
    assert_eq!(case.outcome(), &Outcome::Completed);
    case.settles_at(8001);
    let saw = case.client_saw();
    assert!(saw.contains("\"code\":\"internal_error\"") && saw.ends_with("[end]"), "{saw}");
}

#[test]
fn whoever_goes_on_echoing_credits_settles_nowhere_else() {
    let mut case = settling();
    case.until(9500, &[1]).settles(SettleResult::Acknowledged);
    assert_eq!(case.client_saw(), "[200 application/json]{\"a\":1}");
}

#[test]
fn no_end_is_written_later_than_thirty_seconds_after_the_deadline() {
    for (late_ms, saw) in [(30_000, "[200 application/json]{}"), (30_001, "[500 internal_error]")] {
        let timeouts = Timeouts { settle_ack: Duration::from_mins(1), ..Timeouts::default() };
        let mut case = given_with(false, Bytes::from_static(b"{}"), &(timeouts, Bounds::default()));
        case.hears(claim(1)).until(DEADLINE - 1, &[1]);
        case.hears(chunk(0, 0, "{}")).hears(finish(1, 2, End::Complete));
        assert_eq!(case.outcome(), &Outcome::Completed);
        case.until(DEADLINE + late_ms, &[1]).settles(SettleResult::Acknowledged);
        assert_eq!(case.client_saw(), saw);
    }
}

#[test]
fn a_repeated_finish_settles_nothing_again() {
    let mut case = settling();
    case.hears(finish(2, 7, End::Complete)).until(3000, &[1]).hears(finish(2, 7, End::Complete));
    assert_eq!(case.settlements().len(), 1);
}

#[test]
fn nobody_else_gets_what_is_being_settled() {
    let mut case = settling();
    case.hears(claim(2));
    assert_eq!(case.said_to(2), [&FromGateway::Drop { claim: claim_id(2) }]);
    let before = case.said_to(1).len();
    case.hears(claim(1));
    assert_eq!(case.said_to(1).len(), before, "a late repetition of its own claim is no question");
}

#[test]
fn the_clients_own_mistake_goes_back_unchanged_and_uncharged() {
    for streamed in [false, true] {
        let mut case = claimed(streamed);
        case.hears(chunk_under(400, 0, 0, r#"{"error":{"message":"no"}}"#));
        case.hears(finish(1, 26, End::Rejected { status: 400 }));
        assert_eq!(case.outcome(), &Outcome::Failed(Failure::UpstreamRejected { status: 400 }));
        assert_eq!(case.settlements()[0].charge, Nanos::ZERO);
        case.settles(SettleResult::Acknowledged);
        assert_eq!(case.client_saw(), r#"[400 application/json]{"error":{"message":"no"}}"#);
    }
}

#[test]
fn an_upstreams_complaint_may_be_longer_than_a_streams_window() {
    let bounds = Bounds { stream_window: 10, ..Bounds::default() };
    let mut case = given(true, Bytes::new(), bounds);
    case.hears(claim(1)).hears(chunk_under(400, 0, 0, "12345678"));
    case.hears(chunk(1, 8, "12345678")).until(1000, &[1]);
    assert_eq!(case.credits().last(), Some(&(16, 16)));
    case.hears(finish(2, 16, End::Rejected { status: 400 })).settles(SettleResult::Acknowledged);
    assert_eq!(case.client_saw(), "[400 application/json]1234567812345678");
}

#[test]
fn the_clients_own_mistake_is_an_event_once_the_stream_has_begun() {
    let mut case = claimed(true);
    case.until(10_000, &[1]).hears(chunk_under(400, 0, 0, r#"{"error":{"message":"no"}}"#));
    case.hears(finish(1, 26, End::Rejected { status: 400 })).settles(SettleResult::Acknowledged);
    let saw = case.client_saw();
    assert!(saw.ends_with("data: {\"error\":{\"message\":\"no\"}}\n\n[end]"), "{saw}");
}

#[test]
fn an_answer_that_breaks_off_is_an_error_at_once() {
    let mut case = claimed(false);
    case.hears(chunk(0, 0, "{\"a")).hears(finish(1, 3, End::Broken));
    assert_eq!(case.client_saw(), "[502 upstream_error]");
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::UpstreamFailed));
    case.settles(SettleResult::Acknowledged);
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
}

#[test]
fn an_answer_over_the_limit_fails() {
    let mut case = claimed(false);
    case.hears(finish(0, 0, End::TooLarge));
    assert_eq!(case.client_saw(), "[502 upstream_error]");
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::AnswerTooLarge));
}

#[test]
fn the_deadline_ends_a_stream_with_an_error_and_charges_what_was_delivered() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9).until(DEADLINE, &[1]);
    assert_eq!(case.outcome(), &Outcome::Cancelled(Cancelled::Deadline));
    assert_eq!(case.settlements()[0].usage, billed(1));
    assert!(case.client_saw().contains("\"code\":\"timeout\""), "{}", case.client_saw());
    assert!(case.client_saw().ends_with("[end]"));
}

#[test]
fn a_gateway_that_leaves_says_so() {
    let mut case = claimed(false);
    case.request.on_stop(case.now);
    case.gather();
    assert_eq!(case.client_saw(), "[503 unavailable]");
    assert_eq!(case.outcome(), &Outcome::Cancelled(Cancelled::GatewayLost));
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Drop { claim: claim_id(1) }));
}

#[test]
fn an_empty_stream_is_an_answer_too() {
    let mut case = claimed(true);
    case.hears(finish(0, 0, End::Complete)).settles(SettleResult::Acknowledged);
    assert_eq!(case.client_saw(), "[200 text/event-stream][end]");
}
