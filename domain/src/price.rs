//! A price: what a model charges from some time on, everybody or one project alone.
//!
//! It is a list of rules, each with a rate for each unit of usage; the first that applies to a request counts.
//! A project's own price that is in force comes before everybody's.
//! A request is rated with the price in force when it was admitted; a price set later, even for the past,
//! changes no settled charge. A withdrawn price is as if it had never been, for requests to come.

mod pinned;
mod rule;

#[cfg(test)]
mod spec;

pub use self::{
    pinned::Pinned,
    rule::{Admission, MINUTES_OF_A_DAY, Rule, Served, TimeOfDay, When},
};
use crate::{
    Aggregate, ModelName, Nanos, ProjectId, Rates, Timestamp,
    installation::Currency,
    usage::{MAX_UNITS, Per, Unit},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Set {
        model: ModelName,
        /// None: whoever has no price of its own.
        project: Option<ProjectId>,
        /// The installation's.
        currency: Option<Currency>,
        rules: Vec<Rule>,
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
        /// None from before an installation had one.
        currency: Option<Currency>,
        rules: Vec<Rule>,
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
    #[error(
        "{unit}: a rate from 0 to {} {} is expected, not {rate}",
        max_rate(unit),
        of_what(unit)
    )]
    UnusableRate { unit: Unit, rate: Nanos },
    #[error(
        "a price has from 1 to {MAX_RULES} rules, with rates for at most {MAX_UNITS} units each"
    )]
    TooManyRules,
    #[error(
        "the last rule of a price, and no other, has no condition: it applies to whatever the others do not"
    )]
    NoLastRule,
    #[error("a time of day is from one minute of the day until another")]
    UnusableTime,
}

/// Ten thousand units of the currency by the piece: beyond that somebody mistook the unit.
/// With [`Unit::most`] and [`MAX_UNITS`] it keeps every charge within 64 bits.
pub const MAX_RATE: Nanos = Nanos::new(10_000 * 1_000_000_000);
/// The same for a million tokens. There are currencies of which a unit is worth little.
pub const MAX_RATE_PER_MILLION: Nanos = Nanos::new(1_000_000 * 1_000_000_000);
/// Each is in the event of every request that it may still apply to.
pub const MAX_RULES: usize = 32;

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
            (Self::Unset, Command::Set { model, project, currency, rules, effective_from, at }) => {
                check(&rules)?;
                Ok(vec![Event::Set { model, project, currency, rules, effective_from, at }])
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

/// The highest rate that a unit may have.
pub fn max_rate(unit: &Unit) -> Nanos {
    match unit.per() {
        Per::Million => MAX_RATE_PER_MILLION,
        Per::One => MAX_RATE,
    }
}

fn check(rules: &[Rule]) -> Result<(), Rejection> {
    let too_many = |rule: &Rule| rule.rates.iter().count() > MAX_UNITS;
    if rules.len() > MAX_RULES || rules.iter().any(too_many) {
        return Err(Rejection::TooManyRules);
    }
    let Some((last, others)) = rules.split_last() else { return Err(Rejection::TooManyRules) };
    if !last.when.is_always() || others.iter().any(|rule| rule.when.is_always()) {
        return Err(Rejection::NoLastRule);
    }
    let times = rules.iter().filter_map(|rule| rule.when.time_of_day);
    if !times.into_iter().all(TimeOfDay::is_usable) {
        return Err(Rejection::UnusableTime);
    }
    match rules.iter().find_map(|rule| unusable(&rule.rates)) {
        Some(rejection) => Err(rejection),
        None => Ok(()),
    }
}

fn unusable(rates: &Rates) -> Option<Rejection> {
    let usable = |unit: &Unit, rate: &Nanos| (Nanos::ZERO..=max_rate(unit)).contains(rate);
    let (unit, rate) = rates.iter().find(|(unit, rate)| !usable(unit, rate))?;
    Some(Rejection::UnusableRate { unit: unit.clone(), rate })
}

fn of_what(unit: &Unit) -> &'static str {
    match unit.per() {
        Per::Million => "per million",
        Per::One => "by the piece",
    }
}
