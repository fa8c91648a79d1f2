//! Answers that are not given out because the log did not say in time that it knows of them: nobody is charged.

use uplion_domain::request::{Cancelled, Failure};

use super::{endings::settling, *};

fn told(correction: &Correction) -> (&Outcome, Nanos) {
    match correction {
        Correction::Settled(settled) => (&settled.outcome, settled.charge),
        Correction::Reversed(_) => panic!("{correction:?}"),
    }
}

/// Whether it takes back exactly what was settled.
fn takes_back(correction: &Correction, settled: &Settled) -> bool {
    matches!(correction, Correction::Reversed(reversed) if **reversed == settled.reverse(reversed.at))
}

fn is_refusal(said: &FromGateway) -> bool {
    matches!(said, FromGateway::Credit { credited, .. } if credited.refused)
}

fn refusals(case: &Case) -> usize {
    let credits = case.said_to(1).into_iter();
    credits.filter(|said| is_refusal(said)).count()
}

#[test]
fn a_log_that_does_not_acknowledge_for_ten_seconds_is_an_error_that_nobody_is_charged_for() {
    let mut case = settling();
    case.until(9500, &[1]);
    assert_eq!((case.client_saw().as_str(), refusals(&case)), ("", 0));
    case.until(10_000, &[1]);
    assert_eq!(case.client_saw(), "[500 internal_error]");
    assert!(case.credits().len() >= 9, "the worker must not take the gateway for lost");
    let failed = Outcome::Failed(Failure::Unrecorded);
    assert_eq!(told(case.corrections()[0]), (&failed, Nanos::ZERO));
    case.settles(SettleResult::Acknowledged);
    assert!(takes_back(case.corrections()[1], case.settlements()[0]));
    assert!(!case.done.iter().any(|action| matches!(action, Action::Forget(_))));
    case.settles(SettleResult::Acknowledged);
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
    assert!(matches!(case.done.last(), Some(Action::Forget(Some(_)))));
    assert_eq!((case.settlements().len(), case.corrections().len()), (1, 2));
    assert_eq!(case.client_saw(), "[500 internal_error]");
}

#[test]
fn the_worker_is_told_before_the_client_that_its_answer_is_refused() {
    let mut case = settling();
    case.until(10_000, &[1]);
    let at = |wanted: fn(&Action) -> bool| case.done.iter().position(wanted).unwrap();
    let refused = at(|action| matches!(action, Action::Send(_, said) if is_refusal(said)));
    assert!(refused < at(|action| matches!(action, Action::Reject(_))));
    let before = refusals(&case);
    case.until(20_000, &[1]);
    assert!(refusals(&case) >= before + 9, "it may have missed the first");
}

#[test]
fn what_was_acknowledged_too_late_to_be_believed_is_taken_back() {
    let mut case = settling();
    case.settles_at(8001);
    assert_eq!(case.client_saw(), "[500 internal_error]");
    assert_eq!(refusals(&case), 1);
    assert!(takes_back(case.corrections()[0], case.settlements()[0]));
    case.settles(SettleResult::Acknowledged);
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
    assert_eq!(case.corrections().len(), 1);
}

#[test]
fn a_correction_is_never_given_up_and_its_worker_is_told_for_as_long_as_it_waits() {
    let mut case = settling();
    let grace = Duration::from_secs(30);
    assert_eq!(case.request.settle_until(), case.start + Duration::from_millis(DEADLINE) + grace);
    case.settles(SettleResult::Expired);
    assert_eq!(case.client_saw(), "[500 internal_error]");
    case.until(DEADLINE + 31_000, &[]);
    let credits = case.credits().len();
    case.until(2 * DEADLINE, &[]);
    assert_eq!(case.credits().len(), credits, "its worker has given up");
    assert!(case.request.due() > case.now, "nothing is overdue for ever");
    case.settles(SettleResult::Acknowledged).settles(SettleResult::Acknowledged);
    assert!(takes_back(case.corrections()[1], case.settlements()[0]));
    assert!(matches!(case.done.last(), Some(Action::Forget(Some(_)))));
}

#[test]
fn a_stream_whose_end_is_refused_is_not_charged() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9).hears(finish(1, 9, End::Complete));
    case.until(10_000, &[1]);
    let saw = case.client_saw();
    assert!(saw.contains("\"code\":\"internal_error\"") && saw.ends_with("[end]"), "{saw}");
    assert_eq!(told(case.corrections()[0]).1, Nanos::ZERO);
}

#[test]
fn who_leaves_before_its_whole_answer_is_settled_is_not_charged_for_it() {
    let mut case = settling();
    case.request.on_client_gone(case.now);
    case.gather();
    let gone = Outcome::Cancelled(Cancelled::ClientGone);
    assert_eq!(told(case.corrections()[0]), (&gone, Nanos::ZERO));
    case.settles(SettleResult::Acknowledged);
    assert!(takes_back(case.corrections()[1], case.settlements()[0]));
    assert_eq!(case.client_saw(), "");
}

#[test]
fn who_leaves_a_stream_that_it_has_read_to_its_end_is_charged_for_it() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9).hears(finish(1, 9, End::Complete));
    case.request.on_client_gone(case.now);
    case.until(11_000, &[1]).settles(SettleResult::Acknowledged);
    assert_eq!(case.outcome(), &Outcome::Completed);
    assert!(case.corrections().is_empty());
}

#[test]
fn an_upstreams_complaint_that_was_not_recorded_needs_no_taking_back() {
    let mut case = claimed(false);
    case.hears(chunk_under(400, 0, 0, "{}")).hears(finish(1, 2, End::Rejected { status: 400 }));
    case.until(10_000, &[1]);
    assert_eq!(case.client_saw(), "[500 internal_error]");
    case.settles(SettleResult::Acknowledged);
    assert!(case.corrections().is_empty());
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
}
