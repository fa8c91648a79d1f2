//! Usage and rates by unit, as they stand in events.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::text::Text;
use crate::{
    Nanos, Rates, Usage,
    usage::{Source, Unit, Units, UsageDialect},
};

/// An object with a number for each unit.
pub struct ByUnit<N>(Vec<(Unit, N)>);

/// What was used of each unit, and who counted: `reported` or `counted`; in whose words, if not in the usual ones.
#[derive(Serialize, Deserialize)]
pub struct UsageV2 {
    units: UnitsV1,
    source: Text<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dialect: Option<Text<UsageDialect>>,
}

pub type UnitsV1 = ByUnit<u64>;

/// Nano-units of the currency for a million of each unit, or for one.
pub type RatesV2 = ByUnit<i64>;

impl From<&Usage> for UsageV2 {
    fn from(Usage { units, source, dialect }: &Usage) -> Self {
        let dialect = dialect.clone().map(Text);
        Self { units: units.into(), source: Text(*source), dialect }
    }
}

impl From<UsageV2> for Usage {
    fn from(UsageV2 { units, source: Text(source), dialect }: UsageV2) -> Self {
        let dialect = dialect.map(|Text(dialect)| dialect);
        Self { units: units.into(), source, dialect }
    }
}

impl From<&Units> for UnitsV1 {
    fn from(units: &Units) -> Self {
        Self(units.iter().map(|(unit, count)| (unit.clone(), count)).collect())
    }
}

impl From<UnitsV1> for Units {
    fn from(ByUnit(units): UnitsV1) -> Self {
        units.into_iter().collect()
    }
}

impl From<&Rates> for RatesV2 {
    fn from(rates: &Rates) -> Self {
        let narrow = |rate: Nanos| rate.to_i64().unwrap_or(i64::MAX);
        Self(rates.iter().map(|(unit, rate)| (unit.clone(), narrow(rate))).collect())
    }
}

impl From<RatesV2> for Rates {
    fn from(ByUnit(rates): RatesV2) -> Self {
        rates.into_iter().map(|(unit, rate)| (unit, Nanos::new(rate.into()))).collect()
    }
}

impl<N: Serialize> Serialize for ByUnit<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(unit, number)| (unit.as_str(), number)))
    }
}

impl<'de, N: Deserialize<'de>> Deserialize<'de> for ByUnit<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

struct Reader<N>(PhantomData<N>);

impl<'de, N: Deserialize<'de>> de::Visitor<'de> for Reader<N> {
    type Value = ByUnit<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a number for each unit")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<ByUnit<N>, A::Error> {
        let mut numbers = Vec::with_capacity(5);
        while let Some((Text(unit), number)) = map.next_entry::<Text<Unit>, N>()? {
            numbers.push((unit, number));
        }
        Ok(ByUnit(numbers))
    }
}
