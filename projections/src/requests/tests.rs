//! A request's row, told as events; and that it does not matter in which order they arrive.

use proptest::prelude::*;
use uplion_domain::{
    Envelope, Event, Unit,
    request::{Asked, Cancelled, Failure, Settlement, UsageBound, Writer},
    usage::Source,
};

use super::*;
use crate::request_timeline::{
    START, accepted, assigned, rows, seconds, settled, settlement, table, worker,
};

fn row(events: impl IntoIterator<Item = Envelope>) -> Request {
    let mut rows: Vec<Request> = rows(&Requests, events);
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn told() -> Vec<Envelope> {
    let accepted = accepted(7);
    vec![
        Envelope::accepted(accepted.clone()),
        Envelope::assigned(assigned(&accepted, 1)),
        Envelope::assigned(assigned(&accepted, 2)),
        Envelope::settled(settled(&accepted, Outcome::Completed)),
    ]
}

#[test]
fn an_accepted_request_waits_for_a_worker() {
    let request = row(told().into_iter().take(1));
    assert_eq!(request.status, Status::Accepted);
    assert_eq!(request.accepted_at, Some(START));
    assert_eq!(request.deadline, Some(seconds(300)));
    assert_eq!((request.attempts, request.worker), (0, None));
}

#[test]
fn an_assigned_request_is_with_its_latest_worker() {
    let request = row(told().into_iter().take(3));
    assert_eq!(request.status, Status::Assigned);
    assert_eq!((request.attempts, request.worker), (2, Some(worker(2))));
    assert_eq!(request.assigned_at, Some(seconds(2)));
}

#[test]
fn a_settled_request_has_its_usage_and_its_cost() {
    let request = row(told());
    assert_eq!(request.status, Status::Settled(Outcome::Completed));
    assert_eq!((request.usage.prompt_tokens(), request.usage.completion_tokens()), (100, 20));
    assert_eq!(request.cost, Nanos::new(200));
    assert_eq!(request.settled_at, Some(seconds(10)));
    assert_eq!(request.first_chunk_micros, Some(90_000));
    assert_eq!(request.attempts, 2);
    assert_eq!(request.writer, Some(accepted(7).gateway.to_string()));
}

#[test]
fn what_is_taken_back_is_charged_nothing() {
    let settled = settled(&accepted(7), Outcome::Completed);
    let taken_back = Envelope::reversed(settled.reverse(seconds(20)));
    let request = row([Envelope::settled(settled.clone()), taken_back]);
    assert_eq!((request.cost, request.reversed_at), (Nanos::ZERO, Some(seconds(20))));
    assert!(request.usage.is_none());
    assert_eq!((request.settled_at, request.rates), (Some(settled.at), Some(settled.rates)));
}

#[test]
fn the_end_alone_tells_nearly_all() {
    let request = row(told().into_iter().skip(3));
    assert_eq!(request.status, Status::Settled(Outcome::Completed));
    assert_eq!(request.accepted_at, Some(START));
    assert_eq!(request.model, Some("llama".parse().unwrap()));
    assert_eq!((request.gateway, request.deadline, request.attempts), (None, None, 0));
}

#[test]
fn why_a_request_has_no_answer_is_kept() {
    for outcome in [
        Outcome::Cancelled(Cancelled::ClientGone),
        Outcome::Failed(Failure::QueueFull),
        Outcome::Failed(Failure::UpstreamRejected { status: 422 }),
    ] {
        let request = row([Envelope::settled(settled(&accepted(7), outcome.clone()))]);
        assert_eq!(request.status, Status::Settled(outcome));
    }
}

#[test]
fn a_request_is_due_until_it_is_settled() {
    let due = |events: Vec<Envelope>| {
        let column = COLUMNS.iter().position(|column| column.name == "due").unwrap();
        table(&Requests, events)
            .into_values()
            .map(move |row| row[column].clone())
            .collect::<Vec<_>>()
    };
    let deadline = crate::columns::time(seconds(300));
    assert_eq!(due(told()[..2].to_vec()), [deadline]);
    assert_eq!(due(told()), [crate::table::Value::Null]);
    assert_eq!(due(told().into_iter().rev().collect()), [crate::table::Value::Null]);
}

/// In each order of the two, with and without one another.
fn marks(accepted: &Accepted, settled: &Settled) -> Vec<Mark> {
    let (accepted, settled) =
        (Envelope::accepted(accepted.clone()), Envelope::settled(settled.clone()));
    let one = row([accepted.clone(), settled.clone()]);
    assert_eq!(one, row([settled, accepted]));
    assert_eq!(one.pins, None);
    one.marks
}

#[test]
fn an_honest_settlement_has_no_mark() {
    let mut accepted = accepted(7);
    accepted.size.bound =
        UsageBound::of(Asked { text_bytes: Some(400), answer: Some(20), answers: 1 });
    for outcome in [Outcome::Completed, Outcome::Failed(Failure::UpstreamFailed)] {
        assert_eq!(marks(&accepted, &settled(&accepted, outcome)), []);
    }
}

#[test]
fn a_settlement_that_does_not_follow_from_its_acceptance_is_marked_and_bills() {
    let accepted = accepted(7);
    let honest = settled(&accepted, Outcome::Completed);
    let charge = Nanos::new(201);
    let forged = Settled { charge, ..honest.clone() };
    assert_eq!(marks(&accepted, &forged), [Mark::WRONG_CHARGE]);
    assert_eq!(row([Envelope::settled(forged.clone())]).cost, charge);

    let rates = Rates::default().with(Unit::INPUT, Nanos::new(4_000_000));
    let (charge, usage) = (Nanos::new(400), honest.usage.clone());
    let dearer = Settled { rates: rates.clone(), charge, ..honest.clone() };
    assert_eq!(marks(&accepted, &dearer), [Mark::WRONG_RATES]);
    // Nobody can tell without the acceptance.
    assert_eq!(row([Envelope::settled(dearer)]).marks, []);

    let usage = usage.with(Unit::INPUT, 1 << 40);
    let charge = honest.rates.charge(&usage);
    assert_eq!(marks(&accepted, &Settled { usage, charge, ..honest }), [Mark::WRONG_USAGE]);
}

#[test]
fn what_was_reported_beyond_its_bound_is_in_the_row_until_it_is_taken_back() {
    let accepted = accepted(7);
    let delivered = Usage::tokens(1 << 40, 0, 20, 0, Source::Reported);
    let settlement = settlement(&accepted, Outcome::Completed);
    let settled = accepted.settle(Settlement { delivered, ..settlement });
    let request = row([Envelope::settled(settled.clone())]);
    assert_eq!(
        (request.marks, request.reported.prompt_tokens()),
        (vec![Mark::BEYOND_MODEL], 1 << 40)
    );
    let taken_back = Envelope::reversed(settled.reverse(seconds(20)));
    let told = [Envelope::settled(settled), taken_back, Envelope::accepted(accepted)];
    for order in [[0, 1, 2], [2, 0, 1], [1, 0, 2], [0, 2, 1]] {
        let request = row(order.map(|n: usize| told[n].clone()));
        assert_eq!((request.marks, request.reported), (vec![], Units::default()), "{order:?}");
    }
}

#[test]
fn each_request_has_its_row() {
    let events = [7, 8, 7].map(|request| Envelope::accepted(accepted(request)));
    assert_eq!(table(&Requests, events).len(), 2);
}

proptest! {
    /// Whatever of it arrives, in whatever order.
    #[test]
    fn the_order_of_a_requests_events_does_not_matter(
        some in prop::sample::subsequence(told(), 1..=4)
            .prop_flat_map(|some| (Just(some.clone()), Just(some).prop_shuffle())),
        writer in prop_oneof![Just(Writer::Sweeper), Just(Writer::Worker(worker(9)))],
        given in proptest::option::of(Just(worker(5))),
    ) {
        let changed = |events: Vec<Envelope>| events.into_iter().map(|envelope| match envelope.event {
            Event::Request(request::Event::Settled(settled)) => {
                Envelope::settled(Settled { writer, worker: given, ..*settled })
            }
            _ => envelope,
        }).collect::<Vec<_>>();
        let (in_order, shuffled) = some;
        prop_assert_eq!(row(changed(in_order)), row(changed(shuffled)));
    }

    #[test]
    fn a_row_reads_back_as_itself(take in 1_usize..=4, charge in 199..202_i64) {
        let forged = |envelope: Envelope| match envelope.event {
            Event::Request(request::Event::Settled(settled)) => {
                Envelope::settled(Settled { charge: Nanos::new(charge.into()), ..*settled })
            }
            _ => envelope,
        };
        let request = row(told().into_iter().take(take).map(forged));
        prop_assert_eq!(
            <Request as crate::projection::TypedRow>::from_row(
                crate::projection::TypedRow::into_row(request.clone())
            ),
            request
        );
    }
}
