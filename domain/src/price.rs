//! A price: what a model charges from some time on, everybody or one project alone.
//!
//! A project's own price that is in force comes before everybody's.
//! A request is rated with the price in force when it was admitted; a price set later, even for the past,
//! changes no settled charge. A withdrawn price is as if it had never been, for requests to come.

use crate::{Aggregate, ModelName, Nanos, ProjectId, Rates, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Set {
        model: ModelName,
        /// None: whoever has no price of its own.
        project: Option<ProjectId>,
        rates: Rates,
        effective_from: Timestamp,
        at: Timestamp,
    },
    Withdraw {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Set {
        model: ModelName,
        project: Option<ProjectId>,
        rates: Rates,
        effective_from: Timestamp,
        at: Timestamp,
    },
    Withdrawn {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the price is set already: set a new one that takes its place")]
    AlreadySet,
    #[error("there is no such price")]
    NotSet,
    #[error("a rate is from 0 to {MAX_RATE} units of the installation's currency")]
    UnusableRate,
}

/// Ten thousand units of the currency for a million tokens: beyond that somebody mistook the unit.
/// With [`crate::usage::MAX_TOKENS`] it keeps every charge within 64 bits.
pub const MAX_RATE: Nanos = Nanos::new(10_000 * 1_000_000_000);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Price {
    #[default]
    Unset,
    Set,
    Withdrawn,
}

impl Aggregate for Price {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unset, Command::Set { rates, .. }) if !usable(&rates) => {
                Err(Rejection::UnusableRate)
            }
            (Self::Unset, Command::Set { model, project, rates, effective_from, at }) => {
                Ok(vec![Event::Set { model, project, rates, effective_from, at }])
            }
            (Self::Set | Self::Withdrawn, Command::Set { .. }) => Err(Rejection::AlreadySet),

            (Self::Set, Command::Withdraw { at }) => Ok(vec![Event::Withdrawn { at }]),
            (Self::Withdrawn, Command::Withdraw { .. }) => Ok(vec![]),
            (Self::Unset, Command::Withdraw { .. }) => Err(Rejection::NotSet),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Set { .. } => Self::Set,
            Event::Withdrawn { .. } => Self::Withdrawn,
        }
    }
}

fn usable(rates: &Rates) -> bool {
    let Rates { input, cached_input, output, reasoning, request } = *rates;
    [input, cached_input, output, reasoning, request]
        .iter()
        .all(|rate| (Nanos::ZERO..=MAX_RATE).contains(rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);

    #[test]
    fn a_price_is_set_once() {
        given::<Price>([]).when(set(5)).then([was_set()]);
        given::<Price>([was_set()]).when(set(5)).then_rejected(Rejection::AlreadySet);
    }

    #[test]
    fn a_rate_is_neither_negative_nor_in_the_wrong_unit() {
        given::<Price>([]).when(set(-1)).then_rejected(Rejection::UnusableRate);
        given::<Price>([]).when(set(MAX_RATE.get() + 1)).then_rejected(Rejection::UnusableRate);
    }

    #[test]
    fn withdrawing_twice_is_withdrawing_once() {
        let withdrawn = Event::Withdrawn { at: AT };
        let withdraw = || Command::Withdraw { at: AT };
        given::<Price>([was_set()]).when(withdraw()).then([withdrawn.clone()]);
        given::<Price>([was_set(), withdrawn]).when(withdraw()).then_nothing();
        given::<Price>([]).when(withdraw()).then_rejected(Rejection::NotSet);
    }

    fn rates(input: i128) -> Rates {
        Rates { input: Nanos::new(input), ..Rates::default() }
    }

    fn set(input: i128) -> Command {
        let model = "llama".parse().unwrap();
        Command::Set { model, project: None, rates: rates(input), effective_from: AT, at: AT }
    }

    fn was_set() -> Event {
        let model = "llama".parse().unwrap();
        Event::Set { model, project: None, rates: rates(5), effective_from: AT, at: AT }
    }
}
