//! A budget: how much money may be spent in a day, a week, a month, or in all.
//!
//! A value that projects and keys carry. Periods are those of the calendar in UTC, so that everybody's begin together.

use std::{fmt, str::FromStr};

use jiff::{Timestamp as Instant, ToSpan, civil::Weekday, tz::TimeZone};

use crate::{Nanos, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub amount: Nanos,
    pub period: Period,
}

/// After which time the whole budget is there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
    /// Never: it is spent once.
    Total,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error(
        "budget.amount: an amount above 0 is expected: suspend or disable what is to be served nothing"
    )]
    NothingToSpend,
    #[error("budget.amount: at most {MAX} units of the currency are expected")]
    TooMuch,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a budget's period: write day, week, month or total")]
pub struct UnknownPeriod(pub String);

/// A billion units: sums of charges below it fit in 64 bits.
pub const MAX: Nanos = Nanos::new(1_000_000_000 * 1_000_000_000);

impl Budget {
    pub fn check(&self) -> Result<(), Rejection> {
        match self.amount {
            amount if amount <= Nanos::ZERO => Err(Rejection::NothingToSpend),
            amount if amount > MAX => Err(Rejection::TooMuch),
            _ => Ok(()),
        }
    }
}

impl Period {
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Total];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// When the period that `at` lies in began; for a total, never.
    #[must_use]
    pub fn began(self, at: Timestamp) -> Option<Timestamp> {
        let day = Instant::from_microsecond(at.micros()).ok()?.to_zoned(TimeZone::UTC).date();
        let first = match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = day.weekday().since(Weekday::Monday);
                day.checked_sub(i64::from(since_monday).days()).ok()?
            }
            Self::Month => day.first_of_month(),
            Self::Total => return None,
        };
        let midnight = first.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp::from_micros(midnight.timestamp().as_microsecond()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Period {
    type Err = UnknownPeriod;

    fn from_str(text: &str) -> Result<Self, UnknownPeriod> {
        Self::ALL
            .into_iter()
            .find(|period| period.as_str() == text)
            .ok_or_else(|| UnknownPeriod(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_something_to_spend() {
        let check = |nanos| Budget { amount: Nanos::new(nanos), period: Period::Month }.check();
        assert_eq!(check(1), Ok(()));
        assert_eq!(check(MAX.get()), Ok(()));
        assert_eq!(check(0), Err(Rejection::NothingToSpend));
        assert_eq!(check(-1), Err(Rejection::NothingToSpend));
        assert_eq!(check(MAX.get() + 1), Err(Rejection::TooMuch));
    }

    #[test]
    fn a_period_begins_with_the_calendars() {
        // A Sunday, and the last day of a month.
        let at: Timestamp = "2026-05-31T23:59:59.999999Z".parse().unwrap();
        let began = |period: Period| period.began(at).map(|began| began.to_string());
        assert_eq!(began(Period::Day).as_deref(), Some("2026-05-31T00:00:00Z"));
        assert_eq!(began(Period::Week).as_deref(), Some("2026-05-25T00:00:00Z"));
        assert_eq!(began(Period::Month).as_deref(), Some("2026-05-01T00:00:00Z"));
        assert_eq!(began(Period::Total), None);
    }

    #[test]
    fn a_periods_first_moment_is_its_own() {
        let monday: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        for period in [Period::Day, Period::Week, Period::Month] {
            assert_eq!(period.began(monday), Some(monday), "{period}");
        }
    }

    #[test]
    fn a_period_reads_back_as_itself() {
        for period in Period::ALL {
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        assert!("year".parse::<Period>().is_err());
    }
}
