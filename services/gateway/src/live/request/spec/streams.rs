//! What a client sees of a stream, and when.

use uplion_domain::request::{Cancelled, Failure};

use super::*;

const HEAD: &str = "[200 application/json]";

#[test]
fn chunks_are_passed_on_at_once_and_in_order_but_the_end_waits_for_the_log() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n"));
    assert_eq!(case.client_saw(), format!("{HEAD}data: 1\n\n"));
    case.hears(chunk(1, 9, "data: 2\n\ndata: [DONE]\n\n"));
    case.hears(finish(2, 32, End::Complete));
    assert_eq!(case.client_saw(), format!("{HEAD}data: 1\n\ndata: 2\n\n"));
    assert_eq!(case.settlements(), Vec::<&Settled>::new(), "the socket has not taken it all");
    case.delivers(18);
    assert_eq!(case.outcome(), &Outcome::Completed);
    assert_eq!(case.settlements()[0].usage, billed(2));
    case.settles(SettleResult::Acknowledged);
    assert_eq!(case.client_saw(), format!("{HEAD}data: 1\n\ndata: 2\n\ndata: [DONE]\n\n[end]"));
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Settled { claim: claim_id(1) }));
}

#[test]
fn a_chunk_counts_once_and_one_that_is_missing_is_asked_for() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).hears(chunk(0, 0, "data: 1\n\n"));
    assert_eq!(case.credits(), []);
    case.hears(chunk(2, 18, "data: 3\n\n")).hears(chunk(3, 27, "data: 4\n\n"));
    assert_eq!(case.credits(), [(9, 0)], "one gap, one question");
    case.hears(chunk(1, 9, "data: 2\n\n")).hears(chunk(2, 18, "data: 3\n\n"));
    assert_eq!(case.client_saw(), format!("{HEAD}data: 1\n\ndata: 2\n\ndata: 3\n\n"));
}

#[test]
fn a_finish_that_overtakes_a_chunk_waits_for_it() {
    let mut case = claimed(true);
    case.hears(finish(1, 9, End::Complete));
    assert_eq!(case.credits(), [(0, 0)]);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9);
    assert_eq!(case.outcome(), &Outcome::Completed);
}

#[test]
fn credit_is_repeated_every_second_and_sent_early_when_much_happened() {
    let mut case = claimed(true);
    case.until(3000, &[1]);
    assert_eq!(case.credits(), [(0, 0); 3]);
    let long: &'static str = "x".repeat(16 << 10).leak();
    case.hears(chunk(0, 0, long));
    assert_eq!(case.credits().last(), Some(&(16_384, 0)));
    case.delivers(16_384);
    assert_eq!(case.credits().last(), Some(&(16_384, 16_384)));
}

#[test]
fn a_worker_is_told_how_far_it_may_go_and_again_before_it_has_got_there() {
    let bounds = Bounds { under_way: 1 << 20, ..Bounds::default() };
    let mut case = given(true, Bytes::new(), bounds);
    let told = |case: &Case| match case.said_to(1).last() {
        Some(FromGateway::Go(go)) => go.connection_window,
        Some(FromGateway::Credit { connection_window, .. }) => *connection_window,
        other => panic!("{other:?}"),
    };
    case.hears(claim(1));
    assert_eq!(told(&case), ConnectionWindow { heard: 0, until: 1 << 20 });
    // What it sent for other requests counts too, and a chunk that came before.
    let (claim, sent, credit) = (claim_id(1), 0, 0);
    case.hears(FromWorker::Alive { claim, sent, credit, all_sent: 1 << 18 });
    case.hears(chunk(0, 0, "data: 1\n\n")).hears(chunk(0, 0, "data: 1\n\n"));
    assert_eq!(told(&case), ConnectionWindow { heard: 1 << 18, until: (1 << 18) + (1 << 20) });
    assert_eq!(case.credits().len(), 1);
}

#[test]
fn a_client_that_reads_much_is_sent_more_ahead() {
    let mut case = claimed(true);
    let windows = |case: &Case| -> Vec<u64> {
        let said = case.said_to(1).into_iter().filter_map(|message| match message {
            FromGateway::Go(go) => Some(go.window >> 10),
            FromGateway::Credit { window, .. } => Some(window >> 10),
            _ => None,
        });
        said.collect()
    };
    let long: &'static str = "x".repeat(64 << 10).leak();
    let reads = |case: &mut Case, chunks: std::ops::Range<u64>| {
        for number in chunks {
            case.hears(chunk(number, number << 16, long)).delivers((number + 1) << 16);
        }
    };
    reads(&mut case, 0..3);
    assert!(windows(&case).iter().all(|window| *window == 64), "{:?}", windows(&case));
    reads(&mut case, 3..11);
    assert_eq!(windows(&case).last(), Some(&128));
    reads(&mut case, 11..100);
    assert_eq!(windows(&case).last(), Some(&256));
    assert!(windows(&case).is_sorted());
}

#[test]
fn who_sends_more_than_the_window_is_not_heard() {
    let bounds = Bounds { stream_window: 10, ..Bounds::default() };
    let mut case = given(true, Bytes::new(), bounds);
    case.hears(claim(1)).hears(chunk(0, 0, "12345678")).hears(chunk(1, 8, "12345678"));
    assert_eq!(case.request.buffered(), 8);
    case.delivers(8).hears(chunk(1, 8, "12345678"));
    assert_eq!(case.request.buffered(), 8);
    assert_eq!(case.client_saw(), format!("{HEAD}1234567812345678"));
}

#[test]
fn headers_wait_ten_seconds_and_then_comments_keep_the_client() {
    let mut case = claimed(true);
    case.until(9500, &[1]);
    assert_eq!(case.client_saw(), "");
    case.until(10_000, &[1]);
    assert_eq!(case.client_saw(), "[200 text/event-stream]: keep-alive\n\n");
    case.until(20_000, &[1]);
    assert_eq!(case.client_saw(), "[200 text/event-stream]: keep-alive\n\n: keep-alive\n\n");
    case.hears(finish(0, 0, End::Broken));
    assert!(case.client_saw().contains("data: {\"error\":{"), "{}", case.client_saw());
    assert!(case.client_saw().ends_with("[end]"));
}

#[test]
fn a_stream_that_has_begun_is_no_other_workers_to_go_on_with() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).delivers(9).until(5000, &[]);
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::WorkerSilent));
    assert_eq!(case.settlements()[0].charge, Nanos::ZERO);
    let saw = case.client_saw();
    assert!(saw.contains("fell silent") && !saw.contains("[DONE]"), "{saw}");
    assert!(saw.ends_with("[end]"));
    assert!(case.said_to(1).contains(&&FromGateway::Drop { claim: claim_id(1) }));
}

#[test]
fn comments_are_no_answer_that_keeps_another_worker_out() {
    let mut case = waiting(true);
    case.until(12_000, &[]).hears(claim(1)).until(17_500, &[]);
    assert_eq!(case.settlements(), Vec::<&Settled>::new());
    case.hears(claim(2));
    assert!(matches!(case.said_to(2)[..], [FromGateway::Go(_)]));
}

#[test]
fn a_client_that_leaves_pays_for_what_was_delivered_and_its_worker_stops() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n")).hears(chunk(1, 9, "data: 2\n\n")).delivers(9);
    case.request.on_client_gone(case.now);
    case.gather();
    assert_eq!(case.outcome(), &Outcome::Cancelled(Cancelled::ClientGone));
    assert_eq!(case.settlements()[0].usage, billed(1));
    assert_eq!(case.settlements()[0].charge, Nanos::new(1));
    assert_eq!(case.said_to(1).last(), Some(&&FromGateway::Drop { claim: claim_id(1) }));
    assert!(!case.client_saw().contains("[end]"));
}

#[test]
fn a_client_that_leaves_before_the_first_chunk_pays_nothing() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: 1\n\n"));
    case.request.on_client_gone(case.now);
    case.gather();
    assert_eq!(case.settlements()[0].usage, Usage::default());
    assert_eq!(case.settlements()[0].charge, Nanos::ZERO);
}

#[test]
fn a_stream_is_written_to_for_eight_seconds_after_the_credit_that_was_echoed() {
    let mut case = claimed(true);
    let at = |ms: u64| Action::WriteUntil(Some(case.start + Duration::from_millis(ms)));
    let (first, second) = (at(8000), at(9000));
    assert!(case.done.contains(&first));
    case.until(1000, &[1]);
    assert!(!case.done.contains(&second), "credit 1 is not echoed yet");
    case.until(1500, &[1]);
    assert!(case.done.contains(&second));
    case.hears(release(1, ReleaseReason::Busy));
    assert!(case.new_actions().contains(&Action::WriteUntil(None)), "nobody else could settle now");
}

#[test]
fn an_end_that_is_followed_by_more_was_none() {
    let mut case = claimed(true);
    case.hears(chunk(0, 0, "data: [DONE]\n\n")).hears(chunk(1, 14, "data: 2\n\n"));
    assert_eq!(case.client_saw(), format!("{HEAD}data: [DONE]\n\ndata: 2\n\n"));
}
