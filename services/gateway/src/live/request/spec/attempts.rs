//! What the log is told of each upstream that was asked.

use uplion_domain::request::{Attempt, AttemptOutcome, MAX_ATTEMPTS, ServiceTier};
use uplion_log_transport::claim::AttemptReport;

use super::*;
use crate::options::{RetryLimits, Serving};

fn report(outcome: AttemptOutcome, tokens: u64) -> AttemptReport {
    AttemptReport {
        usage: Some(usage(tokens)),
        upstream_request_id: Some(format!("req-{tokens}")),
        ..AttemptReport::new(None, outcome)
    }
}

fn released(n: u8, attempt: Option<AttemptReport>) -> FromWorker {
    FromWorker::Release {
        claim: claim_id(n),
        reason: ReleaseReason::UpstreamFailed,
        delay_ms: 100,
        attempt: attempt.map(Box::new),
        words: None,
    }
}

fn finished(n: u8, attempt: AttemptReport) -> FromWorker {
    let conclusion =
        Box::new(Conclusion { end: End::Complete, attempt: Some(attempt), error: None });
    FromWorker::Finish { claim: claim_id(n), chunks: 0, sent: 0, usage: usage(0), conclusion }
}

/// Worker, outcome and completion tokens of each attempt that was settled with the request.
fn attempts(case: &Case) -> Vec<(WorkerId, &str, Option<u64>)> {
    let [settled] = case.settlements()[..] else { panic!("{:?}", case.settlements()) };
    let told = |attempt: &Attempt| attempt.usage.as_ref().map(Usage::completion_tokens);
    let attempts = settled.attempts.iter();
    attempts.map(|attempt| (attempt.worker, attempt.outcome.as_str(), told(attempt))).collect()
}

#[test]
fn those_that_failed_are_settled_beside_the_one_that_answered() {
    let mut case = claimed(false);
    case.hears(released(1, Some(report(AttemptOutcome::FAILED, 3)))).hears(claim(2));
    let last = AttemptReport {
        service_tier: Some(ServiceTier::FLEX),
        ..report(AttemptOutcome::COMPLETED, 5)
    };
    case.hears(finished(2, last));
    let expected = [(worker(1), "failed", Some(3)), (worker(2), "completed", Some(5))];
    assert_eq!(attempts(&case), expected);
    let settled = case.settlements()[0];
    assert_eq!(settled.attempts[0].upstream_request_id.as_deref(), Some("req-3"));
    assert_eq!(settled.service_tier, Some(ServiceTier::FLEX));
}

#[test]
fn a_worker_that_vanished_may_have_used_anything() {
    let mut case = claimed(false);
    case.until(5000, &[]).hears(claim(2)).hears(finished(2, report(AttemptOutcome::COMPLETED, 5)));
    let expected = [(worker(1), "unknown", None), (worker(2), "completed", Some(5))];
    assert_eq!(attempts(&case), expected);

    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9).until(5000, &[]);
    assert_eq!(attempts(&case), [(worker(1), "unknown", None)]);
}

#[test]
fn one_that_was_stopped_from_here_says_no_more_than_that_unless_it_had_finished() {
    let mut case = claimed(true);
    case.request.on_client_gone(case.now);
    case.gather();
    assert_eq!(attempts(&case), [(worker(1), "cancelled", None)]);

    let mut case = claimed(true);
    case.hears(last(chunk(0, 0, "data: 1\n\n")));
    case.request.on_client_gone(case.now);
    case.gather();
    assert_eq!(attempts(&case), [(worker(1), "completed", Some(1))]);
}

#[test]
fn no_upstream_that_was_asked_is_no_attempt() {
    let mut case = claimed(false);
    case.hears(released(1, None)).until(DEADLINE, &[]);
    assert_eq!(attempts(&case), []);
}

#[test]
fn of_many_the_first_and_the_last_are_told() {
    let retries = RetryLimits { attempts: 50, ..RetryLimits::default() };
    let serving = Serving { retries, ..Serving::default() };
    let timeouts = Timeouts { serving, ..Timeouts::default() };
    let mut case = given_with(false, Bytes::new(), &(timeouts, Bounds::default()));
    for n in 0..20 {
        case.hears(claim(n)).hears(released(n, Some(report(AttemptOutcome::FAILED, n.into()))));
    }
    case.hears(claim(20)).hears(finished(20, report(AttemptOutcome::COMPLETED, 20)));
    let attempts = attempts(&case);
    assert_eq!(attempts.len(), MAX_ATTEMPTS);
    assert_eq!(attempts[0], (worker(0), "failed", Some(0)));
    assert_eq!(attempts[MAX_ATTEMPTS - 1], (worker(20), "completed", Some(20)));
}
