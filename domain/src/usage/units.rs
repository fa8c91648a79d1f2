//! A small map from units to counts.

use super::Unit;

/// Sorted by unit, and without zeros: what was not used is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units(Vec<(Unit, u64)>);

impl Units {
    pub fn get(&self, unit: &Unit) -> u64 {
        self.0.iter().find(|(known, _)| known == unit).map_or(0, |(_, count)| *count)
    }

    pub fn set(&mut self, unit: Unit, count: u64) {
        match (self.0.binary_search_by(|(known, _)| known.cmp(&unit)), count) {
            (Ok(at), 0) => {
                self.0.remove(at);
            }
            (Ok(at), count) => self.0[at].1 = count,
            (Err(_), 0) => {}
            (Err(at), count) => self.0.insert(at, (unit, count)),
        }
    }

    pub fn add(&mut self, unit: &Unit, count: u64) {
        self.set(unit.clone(), self.get(unit).saturating_add(count));
    }

    /// What is taken away beyond what is there leaves nothing.
    pub fn take(&mut self, unit: &Unit, count: u64) {
        self.set(unit.clone(), self.get(unit).saturating_sub(count));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Unit, u64)> {
        self.0.iter().map(|(unit, count)| (unit, *count))
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of the whole prompt, however its tokens are priced.
    pub fn prompt_tokens(&self) -> u64 {
        self.sum(&[Unit::INPUT, Unit::CACHED_INPUT, Unit::CACHE_WRITE, Unit::AUDIO_INPUT])
    }

    pub fn cached_tokens(&self) -> u64 {
        self.get(&Unit::CACHED_INPUT)
    }

    /// Of the whole answer.
    pub fn completion_tokens(&self) -> u64 {
        self.sum(&[Unit::OUTPUT, Unit::REASONING, Unit::AUDIO_OUTPUT])
    }

    pub fn reasoning_tokens(&self) -> u64 {
        self.get(&Unit::REASONING)
    }

    fn sum(&self, units: &[Unit]) -> u64 {
        units.iter().map(|unit| self.get(unit)).fold(0, u64::saturating_add)
    }
}

/// Counts of the same unit are summed.
impl FromIterator<(Unit, u64)> for Units {
    fn from_iter<I: IntoIterator<Item = (Unit, u64)>>(counts: I) -> Self {
        let mut units = Self(Vec::with_capacity(5));
        for (unit, count) in counts {
            units.add(&unit, count);
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_counts() -> impl Strategy<Value = Vec<(Unit, u64)>> {
        let unit = "[a-d]{1,2}".prop_map(|text| text.parse().unwrap());
        prop::collection::vec((unit, 0..1_000_u64), 0..12)
    }

    proptest! {
        #[test]
        fn units_are_sorted_and_never_zero(counts in any_counts()) {
            let units: Units = counts.into_iter().collect();
            prop_assert!(units.iter().is_sorted_by(|(one, _), (other, _)| one < other));
            prop_assert!(units.iter().all(|(_, count)| count > 0));
        }

        #[test]
        fn what_is_added_can_be_taken_away_again(counts in any_counts()) {
            let mut units: Units = counts.iter().cloned().collect();
            for (unit, count) in &counts {
                units.take(unit, *count);
            }
            prop_assert_eq!(units, Units::default());
        }
    }
}
