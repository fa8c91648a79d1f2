//! How long an upstream asks to be left alone: in seconds, in milliseconds or until a date.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName,
    header::{DATE, RETRY_AFTER},
};
use uplion_domain::Timestamp;

/// As some providers say it, beside `Retry-After`.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date counts from the upstream's own, if it said one: clocks differ. `now` is ours. What cannot be read is as if it
/// had not been said, and so is a date that is over.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let in_ms = text(RETRY_AFTER_MS).and_then(|ms| number(ms, 1_000.0));
    in_ms.or_else(|| {
        let said = text(RETRY_AFTER)?;
        number(said, 1.0).or_else(|| {
            let then = seconds(said)?;
            let now = text(DATE).and_then(seconds).unwrap_or_else(|| now.micros() / 1_000_000);
            u64::try_from(then - now).ok().filter(|left| *left > 0).map(Duration::from_secs)
        })
    })
}

/// More than anybody waits: what asks for longer asks for this.
const LONGEST: Duration = Duration::from_hours(24 * 365);

fn number(text: &str, in_a_second: f64) -> Option<Duration> {
    // Also words and powers of ten would be read as numbers.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = plain.then(|| text.parse::<f64>().ok())?;
    let seconds = seconds? / in_a_second;
    Some(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |asked| asked.min(LONGEST)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, in seconds since 1970.
fn seconds(date: &str) -> Option<i64> {
    let rest = date.split_once(", ")?.1.strip_suffix(" GMT")?;
    let mut parts = rest.split(' ');
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)?;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let known = (1..=31).contains(&day) && (1970..=9999).contains(&year);
    let known =
        known && hour < 24 && minute < 60 && second <= 60 && hour.min(minute).min(second) >= 0;
    known.then(|| {
        days(year, i64::try_from(month).unwrap_or(0), day) * 86_400
            + hour * 3_600
            + minute * 60
            + second
    })
}

/// Since 1970; `month` counts from 0. Years begin in March here, so that a leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod spec {
    use super::*;

    /// 1994-11-06 08:49:37 UTC.
    const NOW: i64 = 784_111_777;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let now = Timestamp::from_micros(NOW * 1_000_000);
        retry_after(&map, now).map(|asked| asked.as_millis().try_into().unwrap())
    }

    #[test]
    fn seconds_are_read_whole_or_not() {
        assert_eq!(asked(&[("retry-after", " 3 ")]), Some(3_000));
        assert_eq!(asked(&[("retry-after", "0.5")]), Some(500));
        assert_eq!(asked(&[("retry-after", "9"), ("retry-after-ms", "1500")]), Some(1_500));
        let longest = LONGEST.as_millis().try_into().ok();
        assert_eq!(asked(&[("retry-after", "99999999999999999999")]), longest);
        for none in ["inf", "NaN", "-1", "", "soon"] {
            assert_eq!(asked(&[("retry-after", none)]), None, "{none}");
        }
    }

    #[test]
    fn a_date_counts_from_the_upstreams_own_clock_or_else_from_ours() {
        let until = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(asked(&[until]), Some(30_000));
        assert_eq!(asked(&[until, ("date", "Sun, 06 Nov 1994 08:50:00 GMT")]), Some(7_000));
    }

    #[test]
    fn dates_are_counted_over_leap_years() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(seconds("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        assert_eq!(seconds("Thu, 31 Dec 2099 23:59:59 GMT"), Some(4_102_444_799));
    }

    #[test]
    fn what_is_over_or_cannot_be_read_is_as_if_unsaid() {
        for said in
            ["Sun, 06 Nov 1994 08:49:00 GMT", "soon", "-1", "", "06 Nov 1994", "NaN", "1e300"]
        {
            assert_eq!(asked(&[("retry-after", said)]), None, "{said}");
        }
        assert_eq!(asked(&[]), None);
    }
}
