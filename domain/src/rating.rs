//! What a request costs: units times rates, summed exactly, rounded once.

use crate::{
    Nanos, Usage,
    usage::{Per, Unit},
};

const PER_MILLION: i128 = Per::Million.count();

/// What each unit costs, in nano-units of the installation's currency: per million of it, or per piece ([`Unit::per`]).
///
/// A unit without a rate has that of the unit that it is a kind of ([`Unit::falls_back_to`]), and else costs nothing.
/// A rate of zero is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates(Vec<(Unit, Nanos)>);

impl Rates {
    /// The rate of this unit itself.
    pub fn get(&self, unit: &Unit) -> Option<Nanos> {
        self.0.iter().find(|(known, _)| known == unit).map(|(_, rate)| *rate)
    }

    /// What one piece, or a million, of the unit costs.
    pub fn of(&self, unit: &Unit) -> Nanos {
        let fallback = || unit.falls_back_to().and_then(|other| self.get(&other));
        self.get(unit).or_else(fallback).unwrap_or(Nanos::ZERO)
    }

    #[must_use]
    pub fn with(mut self, unit: Unit, rate: Nanos) -> Self {
        match self.0.binary_search_by(|(known, _)| known.cmp(&unit)) {
            Ok(at) => self.0[at].1 = rate,
            Err(at) => self.0.insert(at, (unit, rate)),
        }
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Unit, Nanos)> {
        self.0.iter().map(|(unit, rate)| (unit, *rate))
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The charge for what is plausible of `usage`.
    pub fn charge(&self, usage: &Usage) -> Nanos {
        let usage = usage.clone().plausible();
        let parts = usage.units.iter().map(|(unit, count)| {
            let rate = self.of(unit).get();
            i128::from(count).saturating_mul(rate).saturating_mul(PER_MILLION / unit.per().count())
        });
        Nanos::rounded(parts.fold(0, i128::saturating_add), PER_MILLION)
    }
}

/// The last rate that is given for a unit counts.
impl FromIterator<(Unit, Nanos)> for Rates {
    fn from_iter<I: IntoIterator<Item = (Unit, Nanos)>>(rates: I) -> Self {
        rates.into_iter().fold(Self::default(), |all, (unit, rate)| all.with(unit, rate))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        price::max_rate,
        usage::{MAX_UNITS, Source, Units},
    };

    fn rates(rates: impl IntoIterator<Item = (Unit, i128)>) -> Rates {
        rates.into_iter().map(|(unit, rate)| (unit, Nanos::new(rate))).collect()
    }

    #[test]
    fn each_unit_has_its_rate_and_the_sum_is_rounded_once() {
        let rates = rates([
            (Unit::INPUT, 1_500_000),
            (Unit::CACHED_INPUT, 500_000),
            (Unit::OUTPUT, 2_000_000),
            (Unit::REASONING, 4_000_000),
            (Unit::REQUESTS, 7),
        ]);
        let usage = Usage::tokens(11, 1, 3, 1, Source::Counted).with(Unit::REQUESTS, 1);
        // 10 × 1.5 + 1 × 0.5 + 2 × 2 + 1 × 4 + 7 = 30.5, whose even neighbour is 30.
        assert_eq!(rates.charge(&usage), Nanos::new(30));
    }

    #[test]
    fn images_are_priced_by_the_piece_and_audio_as_what_it_is_a_kind_of() {
        let rates = rates([(Unit::IMAGES, 40), (Unit::OUTPUT, 3_000_000)]);
        let usage = Usage::default().with(Unit::IMAGES, 2).with(Unit::AUDIO_OUTPUT, 5);
        assert_eq!(rates.charge(&usage), Nanos::new(2 * 40 + 5 * 3));
    }

    #[test]
    fn a_rate_of_zero_is_a_rate() {
        let usage = Usage::tokens(10, 10, 0, 0, Source::Counted);
        let million = 1_000_000;
        assert_eq!(rates([(Unit::INPUT, million)]).charge(&usage), Nanos::new(10));
        let free = rates([(Unit::INPUT, million), (Unit::CACHED_INPUT, 0)]);
        assert_eq!(free.charge(&usage), Nanos::ZERO);
    }

    fn any_unit() -> impl Strategy<Value = Unit> {
        let known =
            prop::sample::select(<crate::usage::UnitKind as crate::word::Kind>::KNOWN.to_vec());
        prop_oneof![known.prop_map(str::to_owned), "[a-z]{1,8}"]
            .prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        #[test]
        fn more_of_a_unit_never_costs_less(unit in any_unit(), rate in 0..1_000_000_000_i128, count in 0..1_000_000_u64) {
            let rates = rates([(unit.clone(), rate)]);
            let usage = Usage::default().with(unit.clone(), count);
            let more = Usage::default().with(unit, count + 1);
            prop_assert!(rates.charge(&usage) <= rates.charge(&more));
        }

        #[test]
        fn hostile_counts_and_rates_do_not_overflow(
            parts in prop::collection::vec((any_unit(), any::<u64>(), any::<i64>()), 0..20),
        ) {
            let rates = rates(parts.iter().map(|(unit, _, rate)| (unit.clone(), (*rate).into())));
            let units: Units = parts.into_iter().map(|(unit, count, _)| (unit, count)).collect();
            rates.charge(&Usage { units, source: Source::Reported, dialect: None });
        }

        #[test]
        fn every_charge_fits_in_64_bits(units in prop::collection::btree_set(any_unit(), 0..2 * MAX_UNITS)) {
            let rates: Rates = units.iter().map(|unit| (unit.clone(), max_rate(unit))).collect();
            let units: Units = units.into_iter().map(|unit| (unit, u64::MAX)).collect();
            let charge = rates.charge(&Usage { units, source: Source::Reported, dialect: None });
            prop_assert!(charge.to_i64().is_some_and(|charge| charge < i64::MAX));
        }
    }
}
