//! Who gets a request that upstreams fail, how often, and what its client hears in the end.

use uplion_domain::{
    model::{Upstream, UpstreamId},
    request::{AttemptOutcome, Failure},
};

use super::*;
use crate::options::Serving;

fn upstream(n: u8) -> UpstreamId {
    Upstream::new(format!("http://upstream-{n}/v1"), "demo".parse().unwrap(), 1).id()
}

fn words(status: u16, retry_after_s: Option<u32>) -> UpstreamWords {
    let body = Bytes::from(format!(r#"{{"error":{{"message":"words of {status}"}}}}"#));
    UpstreamWords { status, content_type: "application/json".to_owned(), retry_after_s, body }
}

/// Worker `n` says that upstream `n` failed it.
fn failed(n: u8, reason: ReleaseReason, words: Option<UpstreamWords>) -> FromWorker {
    let attempt = AttemptReport::new(Some(upstream(n)), AttemptOutcome::FAILED);
    let (attempt, words) = (Some(Box::new(attempt)), words.map(Box::new));
    FromWorker::Release { claim: claim_id(n), reason, delay_ms: 100, attempt, words }
}

fn none_left(n: u8, words: Option<UpstreamWords>) -> FromWorker {
    let (reason, words) = (ReleaseReason::NoneLeft, words.map(Box::new));
    FromWorker::Release { claim: claim_id(n), reason, delay_ms: 100, attempt: None, words }
}

/// Claim `n` of worker 1, which has but upstream 1.
fn claim_of_one(n: u8) -> FromWorker {
    FromWorker::Claim { claim: claim_id(n), worker: worker(1), delivery: 1, all_sent: 0 }
}

fn failed_one(n: u8, reason: ReleaseReason, words: Option<UpstreamWords>) -> FromWorker {
    let mut said = failed(1, reason, words);
    if let FromWorker::Release { claim, .. } = &mut said {
        *claim = claim_id(n);
    }
    said
}

/// The upstreams that came with the last `go` to worker `n`.
fn tried(case: &Case, n: u8) -> Vec<UpstreamId> {
    let said = case.said_to(n).into_iter().rev();
    let mut went = said.filter_map(|said| match said {
        FromGateway::Go(go) => Some(go.tried.clone()),
        FromGateway::Body { .. }
        | FromGateway::Wait { .. }
        | FromGateway::Drop { .. }
        | FromGateway::Credit { .. }
        | FromGateway::Settled { .. }
        | FromGateway::Here { .. } => None,
    });
    went.next().expect("it has go")
}

/// A worker with one upstream that fails whenever it is asked, until the client has heard of it. Its claims come every
/// 100 ms. Gives the times at which the upstream was asked.
fn one_upstream_that(reason: ReleaseReason, words: Option<&UpstreamWords>) -> (Case, Vec<u64>) {
    let (mut case, mut asked, mut n) = (waiting(false), Vec::new(), 0);
    for ms in (0..20_000).step_by(100) {
        case.now = case.start + Duration::from_millis(ms);
        case.ticks();
        if !case.settlements().is_empty() {
            break;
        }
        n += 1;
        let gos = case.said_to(1).len();
        case.hears(claim_of_one(n));
        let go = matches!(case.said_to(1)[gos..], [FromGateway::Go(_)]);
        if go && tried(&case, 1).is_empty() {
            asked.push(ms);
            case.hears(failed_one(n, reason, words.cloned()));
        } else if go {
            let mut said = none_left(1, None);
            if let FromWorker::Release { claim, .. } = &mut said {
                *claim = claim_id(n);
            }
            case.hears(said);
        }
    }
    (case, asked)
}

#[test]
fn each_other_upstream_is_asked_before_the_same_one_again() {
    let mut case = waiting(false);
    case.hears(claim(1)).hears(failed(1, ReleaseReason::UpstreamFailed, None));
    case.hears(claim(2));
    assert_eq!(tried(&case, 2), [upstream(1)]);
    case.hears(failed(2, ReleaseReason::Busy, None)).hears(claim(3));
    assert_eq!(tried(&case, 3), [upstream(1), upstream(2)]);
    assert_eq!(case.client_saw(), "");
}

#[test]
fn three_calls_are_all_and_the_last_words_are_the_clients() {
    let mut case = waiting(false);
    for n in 1..=3 {
        case.hears(claim(n)).hears(failed(
            n,
            ReleaseReason::UpstreamFailed,
            Some(words(500, None)),
        ));
    }
    let expected = r#"[502 application/json]{"error":{"message":"words of 500"}}"#;
    assert_eq!(case.client_saw(), expected);
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::UpstreamFailed));
    assert_eq!(case.settlements()[0].charge, Nanos::ZERO);
    assert_eq!(case.settlements()[0].attempts.len(), 3);
    case.hears(claim(4));
    assert_eq!(case.said_to(4), [&FromGateway::Drop { claim: claim_id(4) }]);
}

#[test]
fn a_worker_without_another_upstream_is_not_asked_again_while_another_may_come() {
    let mut case = waiting(false);
    case.hears(claim(1)).hears(failed(1, ReleaseReason::UpstreamFailed, None));
    case.hears(claim_of_one(11));
    assert_eq!(tried(&case, 1), [upstream(1)]);
    let mut said = none_left(1, None);
    if let FromWorker::Release { claim, .. } = &mut said {
        *claim = claim_id(11);
    }
    case.hears(said).hears(claim_of_one(12));
    let wait = FromGateway::Wait { claim: claim_id(12), delay_ms: 100 };
    assert_eq!(case.said_to(1).last(), Some(&&wait));
    case.hears(claim(2));
    assert_eq!(tried(&case, 2), [upstream(1)]);
}

#[test]
fn an_only_upstream_is_asked_again_after_a_pause_that_doubles() {
    let (case, asked) = one_upstream_that(ReleaseReason::UpstreamFailed, Some(&words(503, None)));
    assert_eq!(asked, [0, 500, 1400]);
    assert_eq!(case.client_saw(), r#"[503 application/json]{"error":{"message":"words of 503"}}"#);
}

#[test]
fn an_upstream_that_asks_for_patience_is_given_it_within_the_time_there_is() {
    let (case, asked) = one_upstream_that(ReleaseReason::Busy, Some(&words(429, Some(2))));
    assert_eq!(asked[0], 0);
    assert!(asked[1..].windows(2).all(|two| two[1] - two[0] >= 2000) && asked[1] >= 2000);
    assert!(case.client_saw().starts_with("[429 "), "{}", case.client_saw());

    let (case, asked) = one_upstream_that(ReleaseReason::Busy, Some(&words(429, Some(30))));
    assert_eq!(asked, [0]);
    assert!(case.client_saw().starts_with("[429 "), "{}", case.client_saw());
    assert!(case.now - case.start <= Duration::from_millis(600), "given at once");
}

#[test]
fn what_waiting_does_not_mend_is_not_asked_again() {
    for reason in [ReleaseReason::WorkerFailed, ReleaseReason::TimedOut] {
        let (case, asked) = one_upstream_that(reason, None);
        assert_eq!(asked, [0], "{reason:?}");
        assert!(case.now - case.start <= Duration::from_millis(600), "{reason:?}");
    }
}

#[test]
fn what_the_client_hears_says_whose_fault_it_was() {
    use ReleaseReason::{Busy, TimedOut, Unreachable, UpstreamFailed, WorkerFailed};
    for (reason, said, saw) in [
        (Busy, Some(429), "[429 application/json]"),
        (Busy, Some(503), "[503 application/json]"),
        (UpstreamFailed, Some(503), "[503 application/json]"),
        (UpstreamFailed, Some(500), "[502 application/json]"),
        (UpstreamFailed, Some(529), "[502 application/json]"),
        (UpstreamFailed, Some(408), "[502 application/json]"),
        (UpstreamFailed, None, "[502 upstream_error]"),
        (TimedOut, None, "[504 upstream_timeout]"),
        (Unreachable, None, "[503 model_unavailable]"),
        (WorkerFailed, None, "[503 model_unavailable]"),
        (WorkerFailed, Some(429), "[429 application/json]"),
    ] {
        let (case, _) = one_upstream_that(reason, said.map(|status| words(status, None)).as_ref());
        assert!(case.client_saw().starts_with(saw), "{reason:?} {said:?}: {}", case.client_saw());
        assert!(case.now - case.start < Duration::from_secs(3), "{reason:?} {said:?}");
    }
}

#[test]
fn what_was_reached_is_never_called_unreachable() {
    let mut case = waiting(false);
    case.hears(claim(1)).hears(failed(1, ReleaseReason::UpstreamFailed, None));
    case.hears(claim(2)).hears(failed(2, ReleaseReason::Unreachable, None));
    case.hears(claim(3)).hears(failed(3, ReleaseReason::Unreachable, None));
    assert_eq!(case.client_saw(), "[502 upstream_error]");
}

#[test]
fn an_upstream_without_words_is_spoken_for() {
    let empty = UpstreamWords { body: Bytes::from_static(b"\n"), ..words(503, Some(7)) };
    let (case, _) = one_upstream_that(ReleaseReason::Busy, Some(&empty));
    let saw = case.client_saw();
    assert!(saw.starts_with("[503 application/json]") && saw.contains("status 503"), "{saw}");
}

#[test]
fn where_nobody_may_be_called_the_client_hears_what_the_last_one_said() {
    let mut case = claimed(false);
    case.hears(none_left(1, Some(words(429, Some(40))))).until(500, &[]);
    assert_eq!(case.client_saw(), r#"[429 application/json]{"error":{"message":"words of 429"}}"#);
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::Unavailable));

    let mut case = claimed(false);
    case.hears(none_left(1, None)).until(900, &[]).hears(claim(2)).hears(none_left(2, None));
    case.until(1500, &[]);
    assert_eq!(case.client_saw(), "[503 model_unavailable]");
}

#[test]
fn it_is_tried_for_ten_seconds_beside_the_time_that_upstreams_take() {
    let mut case = waiting(false);
    case.hears(claim(1)).until(60_000, &[1]);
    case.hears(failed(1, ReleaseReason::UpstreamFailed, Some(words(500, None))));
    case.until(69_500, &[]);
    assert_eq!(case.client_saw(), "", "who could do better has not come yet");
    case.until(70_000, &[]);
    assert!(case.client_saw().starts_with("[502 "), "{}", case.client_saw());
}

#[test]
fn nothing_is_waited_for_beyond_the_deadline() {
    let serving = Serving { deadline: Duration::from_secs(3), ..Serving::default() };
    let timeouts = Timeouts { serving, ..Timeouts::default() };
    let mut case = given_with(false, Bytes::new(), &(timeouts, Bounds::default()));
    case.hears(claim(1)).hears(failed(1, ReleaseReason::Busy, Some(words(429, Some(5)))));
    case.hears(claim_of_one(2)).hears(none_left(2, None)).until(600, &[]);
    assert!(case.client_saw().starts_with("[429 "), "{}", case.client_saw());
}

#[test]
fn waiting_for_the_first_worker_is_not_trying() {
    let mut case = waiting(false);
    case.until(60_000, &[]).hears(claim(1));
    case.hears(failed(1, ReleaseReason::UpstreamFailed, None)).hears(claim(2));
    assert_eq!(case.client_saw(), "");
    assert!(case.settlements().is_empty());
}

#[test]
fn a_stream_that_has_begun_ends_with_the_words_as_an_event() {
    let mut case = claimed(true);
    case.until(10_000, &[1]);
    case.hears(failed(1, ReleaseReason::UpstreamFailed, Some(words(500, None))));
    case.until(20_000, &[]);
    let saw = case.client_saw();
    assert!(saw.ends_with("data: {\"error\":{\"message\":\"words of 500\"}}\n\n[end]"), "{saw}");
}

#[test]
fn places_that_were_just_taken_and_workers_that_stop_are_no_failures() {
    let mut case = waiting(false);
    for n in 0..30 {
        let reason = if n % 2 == 0 { ReleaseReason::Busy } else { ReleaseReason::Draining };
        case.hears(claim(n)).hears(release(n, reason));
    }
    case.until(60_000, &[]);
    assert_eq!(case.client_saw(), "");
}
