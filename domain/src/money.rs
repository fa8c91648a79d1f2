//! Money: whole nano-units of the installation's currency, never a float.

use std::{fmt, iter::Sum, ops::Add, str::FromStr};

const NANOS_PER_UNIT: i128 = 1_000_000_000;

/// A billionth of the currency's unit. Bills fit in 64 bits; sums and products are done in 128.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(i128);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an amount of money: write it like 12 or 0.000000001, with at most nine decimals"
)]
pub struct UnknownAmount(pub String);

impl Nanos {
    pub const ZERO: Self = Self(0);

    pub const fn new(nanos: i128) -> Self {
        Self(nanos)
    }

    pub const fn get(self) -> i128 {
        self.0
    }

    /// From whole units of the currency and the nanos beside them: how sums are told that 64 bits cannot hold.
    pub fn of_parts(units: i64, nanos: i64) -> Self {
        Self(i128::from(units) * NANOS_PER_UNIT + i128::from(nanos))
    }

    /// For a 64-bit column; an amount beyond nine billion units does not fit.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// `dividend / divisor`, half to even. This is the one place where money is rounded.
    ///
    /// # Panics
    /// If `divisor` is not positive: it is always a constant of ours.
    pub const fn rounded(dividend: i128, divisor: i128) -> Self {
        assert!(divisor > 0, "a divisor is a positive constant");
        let floor = dividend.div_euclid(divisor);
        let twice = dividend.rem_euclid(divisor) * 2;
        let up = twice > divisor || (twice == divisor && floor % 2 != 0);
        Self(if up { floor + 1 } else { floor })
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A decimal number of units with no trailing zeros: `0.00042`.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (units, nanos) = (
            self.0.unsigned_abs() / NANOS_PER_UNIT.unsigned_abs(),
            self.0.unsigned_abs() % NANOS_PER_UNIT.unsigned_abs(),
        );
        let text = format!("{sign}{units}.{nanos:09}");
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Nanos {
    type Err = UnknownAmount;

    fn from_str(text: &str) -> Result<Self, UnknownAmount> {
        let unknown = || UnknownAmount(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (units, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let whole = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !whole(units) || !whole(decimals) || decimals.len() > 9 || units.len() > 24 {
            return Err(unknown());
        }
        let units: i128 = units.parse().map_err(|_| unknown())?;
        let nanos: i128 = format!("{decimals:0<9}").parse().map_err(|_| unknown())?;
        let amount = units * NANOS_PER_UNIT + nanos;
        Ok(Self(if negative { -amount } else { amount }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        let halves = [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (-5, -2)];
        for (dividend, rounded) in halves {
            assert_eq!(Nanos::rounded(dividend, 2), Nanos::new(rounded), "{dividend}/2");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "1.", ".5", "1.0000000001", "1e3", "+1", "--1", "1,5", "٣"] {
            assert!(text.parse::<Nanos>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_sum_beyond_64_bits_is_told_in_two_parts() {
        let sum = Nanos::of_parts(i64::MAX, 5);
        assert_eq!(sum.to_string(), "9223372036854775807.000000005");
        assert_eq!(sum.to_i64(), None);
    }

    proptest! {
        #[test]
        fn an_amount_reads_back_as_itself(nanos in any::<i64>()) {
            let amount = Nanos::new(i128::from(nanos));
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }

        #[test]
        fn rounding_is_never_off_by_more_than_half(dividend in any::<i64>(), divisor in 1..i64::MAX) {
            let (dividend, divisor) = (i128::from(dividend), i128::from(divisor));
            let error = Nanos::rounded(dividend, divisor).get() * divisor - dividend;
            prop_assert!(error.abs() * 2 <= divisor);
        }
    }
}
