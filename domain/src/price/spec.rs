//! What a price may be, and how it is withdrawn.

use super::*;
use crate::{request::Operation, spec::given};

const AT: Timestamp = Timestamp::from_micros(1);

#[test]
fn a_price_is_set_once() {
    given::<Price>([]).when(set(5)).then([was_set()]);
    given::<Price>([was_set()]).when(set(5)).then_rejected(Rejection::AlreadySet);
}

#[test]
fn a_rate_is_neither_negative_nor_in_the_wrong_unit() {
    let unusable = |unit, rate| Rejection::UnusableRate { unit, rate: Nanos::new(rate) };
    given::<Price>([]).when(set(-1)).then_rejected(unusable(Unit::INPUT, -1));
    let beyond = MAX_RATE_PER_MILLION.get() + 1;
    given::<Price>([]).when(set(beyond)).then_rejected(unusable(Unit::INPUT, beyond));
    let beyond = MAX_RATE.get() + 1;
    let images = Rates::default().with(Unit::IMAGES, Nanos::new(beyond));
    rejected(vec![Rule::always(images)], unusable(Unit::IMAGES, beyond));
    let told = unusable(Unit::IMAGES, -1).to_string();
    assert_eq!(told, "images: a rate from 0 to 10000 by the piece is expected, not -0.000000001");
}

#[test]
fn the_last_rule_applies_to_whatever_is_left() {
    let some = || When { operation: Some(Operation::EMBEDDING), ..When::default() };
    let rule = |when| Rule { when, rates: rates(5) };
    rejected(vec![rule(some())], Rejection::NoLastRule);
    rejected(vec![rule(When::default()), rule(When::default())], Rejection::NoLastRule);
    let Command::Set { model, project, currency, effective_from, at, .. } = set(5) else {
        panic!()
    };
    let rules = vec![rule(some()), rule(When::default())];
    let event = Event::Set {
        model: model.clone(),
        project,
        currency,
        rules: rules.clone(),
        effective_from,
        at,
    };
    let command = Command::Set { model, project, currency, rules, effective_from, at };
    given::<Price>([]).when(command).then([event]);
}

#[test]
fn a_price_has_a_bounded_number_of_rules() {
    rejected(vec![], Rejection::TooManyRules);
    let above = |tokens| When { context_above: Some(tokens), ..When::default() };
    let mut rules: Vec<_> =
        (0..32).map(|tokens| Rule { when: above(tokens), rates: rates(5) }).collect();
    rules.push(Rule::always(rates(5)));
    rejected(rules, Rejection::TooManyRules);
}

#[test]
fn a_time_of_day_has_a_beginning_and_an_end() {
    for (from, until) in [(0, 1_440), (1_440, 3), (5, 5)] {
        let when = When { time_of_day: Some(TimeOfDay { from, until }), ..When::default() };
        let rules = vec![Rule { when, rates: rates(5) }, Rule::always(rates(5))];
        rejected(rules, Rejection::UnusableTime);
    }
}

#[test]
fn withdrawing_twice_is_withdrawing_once() {
    let withdrawn = Event::Withdrawn { at: AT };
    let withdraw = || Command::Withdraw { at: AT };
    given::<Price>([was_set()]).when(withdraw()).then([withdrawn.clone()]);
    given::<Price>([was_set(), withdrawn]).when(withdraw()).then_nothing();
    given::<Price>([]).when(withdraw()).then_rejected(Rejection::NotSet);
}

fn rejected(rules: Vec<Rule>, rejection: Rejection) {
    let Command::Set { model, project, currency, effective_from, at, .. } = set(5) else {
        panic!()
    };
    let command = Command::Set { model, project, currency, rules, effective_from, at };
    given::<Price>([]).when(command).then_rejected(rejection);
}

fn rates(input: i128) -> Rates {
    Rates::default().with(Unit::INPUT, Nanos::new(input))
}

fn set(input: i128) -> Command {
    Command::Set {
        model: "llama".parse().unwrap(),
        project: None,
        currency: Some("EUR".parse().unwrap()),
        rules: vec![Rule::always(rates(input))],
        effective_from: AT,
        at: AT,
    }
}

fn was_set() -> Event {
    Event::Set {
        model: "llama".parse().unwrap(),
        project: None,
        currency: Some("EUR".parse().unwrap()),
        rules: vec![Rule::always(rates(5))],
        effective_from: AT,
        at: AT,
    }
}
