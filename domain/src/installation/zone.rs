//! The time zone of an installation: when its days and hours begin.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::Timestamp;

/// The name of a time zone as IANA has it: `Europe/Berlin`. Only its form is checked: new zones come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ZoneName(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a time zone: write it like Europe/Berlin or UTC")]
pub struct UnusableZoneName(pub String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0}")]
pub struct UnknownZone(pub ZoneName);

/// Bytes. The longest that there is has 38.
const MAX_NAME: usize = 64;

/// The rules of a time zone, from the database that is a part of this program: what an hour is depends on no machine.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl ZoneName {
    pub fn utc() -> Self {
        Self("UTC".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn zone(&self) -> Result<Zone, UnknownZone> {
        let known = TimeZoneDatabase::bundled().get(self.as_str());
        known.map(Zone).map_err(|_| UnknownZone(self.clone()))
    }
}

impl FromStr for ZoneName {
    type Err = UnusableZoneName;

    fn from_str(text: &str) -> Result<Self, UnusableZoneName> {
        let part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
        };
        if text.len() <= MAX_NAME && text.split('/').all(part) {
            Ok(Self(text.into()))
        } else {
            Err(UnusableZoneName(text.to_owned()))
        }
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The start of the hour that the moment lies in. In some zones that is not at a whole hour of UTC.
    pub fn hour(&self, at: Timestamp) -> Timestamp {
        const HOUR: i64 = 3_600_000_000;
        let offset = self.offset_micros(at);
        let local = at.micros().saturating_add(offset);
        Timestamp::from_micros((local.div_euclid(HOUR) * HOUR).saturating_sub(offset))
    }

    pub fn minute_of_day(&self, at: Timestamp) -> u16 {
        const DAY: i64 = 86_400_000_000;
        let local = at.micros().saturating_add(self.offset_micros(at));
        let minute = local.rem_euclid(DAY) / 60_000_000;
        u16::try_from(minute).expect("a day has fewer minutes than 16 bits can count")
    }

    fn offset_micros(&self, at: Timestamp) -> i64 {
        let instant =
            jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
        i64::from(self.0.to_offset(instant).seconds()) * 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse::<ZoneName>().unwrap().zone().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hours_begin_at_whole_hours_of_the_zone() {
        let moment = at("2026-07-01T10:10:00Z");
        assert_eq!(Zone::default().hour(moment), at("2026-07-01T10:00:00Z"));
        assert_eq!(zone("Europe/Berlin").hour(moment), at("2026-07-01T10:00:00Z"));
        assert_eq!(zone("Asia/Kolkata").hour(moment), at("2026-07-01T09:30:00Z"));
        assert_eq!(zone("Asia/Kathmandu").hour(moment), at("2026-07-01T09:15:00Z"));
    }

    #[test]
    fn a_minute_of_the_day_follows_the_clocks_of_the_zone() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(berlin.minute_of_day(at("2026-07-01T10:10:00Z")), 12 * 60 + 10);
        assert_eq!(berlin.minute_of_day(at("2026-12-01T10:10:00Z")), 11 * 60 + 10);
        assert_eq!(
            zone("America/New_York").minute_of_day(at("2026-12-01T00:10:00Z")),
            19 * 60 + 10
        );
    }

    #[test]
    fn a_zone_is_named_as_iana_names_it() {
        for name in ["UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            assert_eq!(name.parse::<ZoneName>().unwrap().to_string(), name);
        }
        for name in
            ["", "/etc/passwd", "Europe//Berlin", "Europe/../Berlin", "a b", &"x".repeat(65)]
        {
            assert!(name.parse::<ZoneName>().is_err(), "{name}");
        }
        let atlantis = "Europe/Atlantis".parse::<ZoneName>().unwrap();
        assert!(atlantis.zone().unwrap_err().to_string().contains("Europe/Atlantis"));
    }

    proptest! {
        #[test]
        fn an_hour_starts_at_most_an_hour_before_its_moments(micros in -1_000_000_000_000_000..5_000_000_000_000_000_i64) {
            let moment = Timestamp::from_micros(micros);
            for zone in [Zone::default(), zone("Australia/Lord_Howe"), zone("America/St_Johns")] {
                let hour = zone.hour(moment);
                prop_assert!(hour <= moment && moment.millis_since(hour) < 3_600_000);
            }
        }
    }
}
