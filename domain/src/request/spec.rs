//! What a request is charged, however it ends.

use uuid::Uuid;

use super::{bound::MOST_TOKENS, *};
use crate::{
    PriceId, Rates, Usage,
    price::{Rule, When},
    usage::{MOST_TOLD, Source, Unit, Units},
};

const AT: Timestamp = Timestamp::from_micros(1);

#[test]
fn a_completed_request_is_charged_for_all_that_was_delivered_and_for_itself() {
    assert_eq!(charged(Outcome::Completed, delivered()), (15, billed()));
}

#[test]
fn a_cancelled_request_is_charged_for_what_was_delivered() {
    for why in Cancelled::ALL {
        assert_eq!(charged(Outcome::Cancelled(why), delivered()), (15, billed()));
    }
}

#[test]
fn a_request_cancelled_before_its_first_chunk_costs_nothing() {
    let outcome = Outcome::Cancelled(Cancelled::Deadline);
    assert_eq!(charged(outcome, Usage::default()), (0, Usage::default()));
}

#[test]
fn a_failed_request_costs_nothing() {
    let outcome = Outcome::Failed(Failure::UpstreamFailed);
    assert_eq!(charged(outcome, delivered()), (0, Usage::default()));
}

#[test]
fn what_no_upstream_can_have_counted_is_not_billed_and_stays_visible() {
    for (reported, told) in [(1_000_000_000_000_000, 1_000_000_000_000_000), (u64::MAX, MOST_TOLD)]
    {
        let absurd = Usage::default().with(Unit::INPUT, reported);
        let settled = accepted().settle(settlement(Outcome::Completed, absurd));
        assert_eq!(settled.usage.prompt_tokens(), MOST_TOKENS);
        assert_eq!(settled.charge, Nanos::new(i128::from(MOST_TOKENS) + 5));
        let reported = Units::from_iter([(Unit::INPUT, told)]);
        assert_eq!(settled.doubt, Some(Doubt { marks: vec![Mark::BEYOND_MODEL], reported }));
        assert_eq!(settled.marks(), [Mark::BEYOND_MODEL]);
    }
}

#[test]
fn more_than_was_asked_for_is_not_billed() {
    let mut accepted = accepted();
    accepted.size.bound =
        UsageBound::of(Asked { text_bytes: Some(50), answer: Some(1_000), answers: 2 });
    let rules = &mut accepted.price.rules;
    rules[0].rates = Rates::default().with(Unit::OUTPUT, Nanos::new(1_000_000));
    let charge = |output: u64| {
        let delivered = Usage::tokens(10, 0, output, 0, Source::Reported);
        let settled = accepted.settle(settlement(Outcome::Completed, delivered));
        (settled.charge.get(), settled.doubt.is_some())
    };
    assert_eq!(charge(2_500), (2_500, false));
    assert_eq!(charge(2_501), (2_500, true));
}

#[test]
fn an_honest_settlement_needs_nobody() {
    let accepted = accepted();
    let outcomes = [
        Outcome::Completed,
        Outcome::Cancelled(Cancelled::ClientGone),
        Outcome::Failed(Failure::UpstreamFailed),
    ];
    for outcome in outcomes {
        let settled = accepted.settle(settlement(outcome, delivered()));
        assert_eq!(settled.marks(), []);
        assert_eq!(accepted.pins().marks(settled.billed_by()), []);
    }
}

#[test]
fn a_charge_that_does_not_follow_is_marked() {
    let honest = accepted().settle(settlement(Outcome::Completed, delivered()));
    let dearer = Settled { charge: Nanos::new(16), ..honest.clone() };
    assert_eq!(dearer.marks(), [Mark::WRONG_CHARGE]);
    let outcome = Outcome::Failed(Failure::UpstreamFailed);
    assert_eq!(Settled { outcome, ..honest }.marks(), [Mark::WRONG_CHARGE]);
}

#[test]
fn rates_and_usage_that_were_not_pinned_are_marked() {
    let mut accepted = accepted();
    accepted.size.bound.output = Some(100);
    let honest = accepted.settle(settlement(Outcome::Completed, delivered()));
    let marks = |settled: &Settled| accepted.pins().marks(settled.billed_by());
    let rates = honest.rates.clone().with(Unit::OUTPUT, Nanos::new(1));
    assert_eq!(marks(&Settled { rates, ..honest.clone() }), [Mark::WRONG_RATES]);
    let price = Some(PriceId::new(Uuid::from_u128(8)));
    assert_eq!(marks(&Settled { price, ..honest.clone() }), [Mark::WRONG_RATES]);
    let usage = honest.usage.clone().with(Unit::OUTPUT, 101);
    assert_eq!(marks(&Settled { usage, ..honest }), [Mark::WRONG_USAGE]);
}

#[test]
fn a_settlement_says_the_rates_that_applied_and_what_was_pinned() {
    let mut accepted = accepted();
    let when = When { context_above: Some(5), ..When::default() };
    let dear = Rates::default().with(Unit::INPUT, Nanos::new(2_000_000));
    accepted.price.rules.insert(0, Rule { when, rates: dear.clone() });
    let settled = accepted.settle(settlement(Outcome::Completed, delivered()));
    assert_eq!((settled.rates, settled.charge), (dear, Nanos::new(20)));
    assert_eq!((settled.price, settled.hour), (accepted.price.price, accepted.hour));
    assert_eq!((settled.gateway, settled.accepted_at), (Some(accepted.gateway), AT));
}

#[test]
fn a_settlement_tells_of_a_bounded_number_of_attempts() {
    let attempt = Attempt {
        worker: WorkerId::new(Uuid::nil()),
        upstream: None,
        outcome: AttemptOutcome::UNKNOWN,
        usage: None,
        upstream_request_id: None,
    };
    let mut settlement = settlement(Outcome::Completed, delivered());
    settlement.attempts = vec![attempt; MAX_ATTEMPTS + 1];
    assert_eq!(accepted().settle(settlement).attempts.len(), MAX_ATTEMPTS);
}

fn charged(outcome: Outcome, delivered: Usage) -> (i128, Usage) {
    let settled = accepted().settle(settlement(outcome, delivered));
    (settled.charge.get(), settled.usage)
}

fn settlement(outcome: Outcome, delivered: Usage) -> Settlement {
    Settlement {
        outcome,
        delivered,
        service_tier: None,
        timings: Timings::default(),
        worker: None,
        attempts: vec![],
        writer: Writer::Sweeper,
        at: AT,
    }
}

/// With a rate of a nano for each token of the prompt, and of five for the request.
fn accepted() -> Accepted {
    let uuid = Uuid::from_u128(7);
    let rates = Rates::default()
        .with(Unit::INPUT, Nanos::new(1_000_000))
        .with(Unit::REQUESTS, Nanos::new(5));
    Accepted {
        request: RequestId::new(uuid),
        project: ProjectId::new(uuid),
        key: KeyId::new(uuid),
        model: "llama".parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: true,
        gateway: GatewayId::new(uuid),
        price: Pinned {
            price: Some(PriceId::new(uuid)),
            currency: None,
            rules: vec![Rule::always(rates)],
        },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: AT.hour(),
        deadline: AT,
        at: AT,
    }
}

fn delivered() -> Usage {
    Usage::tokens(10, 0, 3, 0, Source::Counted)
}

fn billed() -> Usage {
    delivered().with(Unit::REQUESTS, 1)
}
