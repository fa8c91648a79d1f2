//! A time as it is typed: `2026-11-23T08:00:00Z`, or `2026-11-23` or `2026-11-23 08:00` where the installation is, or
//! `24h` from now.

use std::str::FromStr;

use jiff::{Span, Timestamp, Zoned, civil::DateTime};

use super::{client::Client, failure::Failure, zone::zone};
use crate::clock;

#[derive(Debug, Clone)]
pub enum Moment {
    At(Timestamp),
    /// In the installation's time zone.
    There(DateTime),
    FromNow(Span),
}

/// Where a span from now leads.
#[derive(Debug, Clone, Copy)]
pub enum Towards {
    Past,
    Future,
}

impl Moment {
    /// RFC 3339.
    pub async fn text(&self, client: &Client, towards: Towards) -> Result<String, Failure> {
        if let Self::At(at) = self {
            return Ok(at.to_string());
        }
        let now = Timestamp::from_microsecond(clock::now().micros());
        let now = now.map_err(|error| Failure::caused("the clock here is wrong", error))?;
        self.at(&now.to_zoned(zone(client).await?), towards).map(|at| at.to_string())
    }

    fn at(&self, now: &Zoned, towards: Towards) -> Result<Timestamp, Failure> {
        let none = |error| Failure::caused("there is no such time", error);
        match self {
            Self::At(at) => Ok(*at),
            Self::There(time) => {
                let zoned = time.to_zoned(now.time_zone().clone()).map_err(none)?;
                Ok(zoned.timestamp())
            }
            Self::FromNow(span) => {
                let then = match towards {
                    Towards::Past => now.checked_sub(*span),
                    Towards::Future => now.checked_add(*span),
                };
                Ok(then.map_err(none)?.timestamp())
            }
        }
    }

    /// Of one that may not be given.
    pub async fn maybe(
        given: Option<&Self>,
        client: &Client,
        towards: Towards,
    ) -> Result<Option<String>, Failure> {
        match given {
            Some(moment) => moment.text(client, towards).await.map(Some),
            None => Ok(None),
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let span =
            || text.parse::<Span>().ok().filter(|span| span.is_positive()).map(Self::FromNow);
        // What has an offset would be read as a time without it as well.
        let time = text.parse::<Timestamp>().ok().map(Self::At);
        // A day alone is its beginning.
        let there = || text.parse::<DateTime>().ok().map(Self::There);
        time.or_else(there)
            .or_else(span)
            .ok_or("a time is like 2026-11-23T08:00:00Z, 2026-11-23, \"2026-11-23 08:00\" or 24h")
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let now = now.to_zoned(berlin);
        for (text, at) in [
            ("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T08:00:00+02:00", "2026-11-23T06:00:00Z"),
            ("2026-11-23", "2026-11-22T23:00:00Z"),
            ("2026-11-23 08:00", "2026-11-23T07:00:00Z"),
            ("2026-07-01T08:00:30", "2026-07-01T06:00:30Z"),
            ("24h", "2026-11-26T12:00:00Z"),
            ("90m", "2026-11-27T10:30:00Z"),
            ("40d", "2026-10-18T11:00:00Z"),
            ("2 months", "2026-09-27T11:00:00Z"),
        ] {
            let moment: Moment = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(moment.at(&now, Towards::Past).unwrap().to_string(), at, "{text}");
        }
        let in_a_day = "1d".parse::<Moment>().unwrap().at(&now, Towards::Future).unwrap();
        assert_eq!(in_a_day.to_string(), "2026-11-28T12:00:00Z");
        for wrong in ["", "yesterday", "-1h", "0s", "2026-13-01", "24", "2026-11", "1h ago later"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
