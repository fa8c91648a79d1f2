//! A month of an installation: `2026-11`, from its first hour to the next one's, in the time zone that its hours begin in.

use std::str::FromStr;

use jiff::{civil::Date, tz::TimeZone};

use crate::cli::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    first: Date,
}

impl Month {
    /// RFC 3339, the second without.
    pub fn span(self, zone: &TimeZone) -> Result<(String, String), Failure> {
        let at = |day: Date| {
            let zoned = day.to_zoned(zone.clone());
            let zoned = zoned.map_err(|error| Failure::caused("there is no such month", error))?;
            Ok::<_, Failure>(zoned.timestamp().to_string())
        };
        let next = jiff::Span::new().months(1);
        let next = self.first.checked_add(next);
        let next = next.map_err(|error| Failure::caused("there is no month behind it", error))?;
        Ok((at(self.first)?, at(next)?))
    }
}

impl FromStr for Month {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let digits = year.len() == 4 && month.len() == 2;
            let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
            digits.then_some(Self { first })
        };
        read().ok_or("a month like 2026-11 is expected")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_and_ends_where_the_installation_is() {
        let month: Month = "2026-11".parse().unwrap();
        let (from, to) = month.span(&TimeZone::UTC).unwrap();
        assert_eq!((from.as_str(), to.as_str()), ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"));
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let (from, to) = "2026-10".parse::<Month>().unwrap().span(&berlin).unwrap();
        assert_eq!((from.as_str(), to.as_str()), ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"));
        for wrong in ["", "2026", "2026-13", "2026-1", "26-01", "2026-11-01", "november"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
