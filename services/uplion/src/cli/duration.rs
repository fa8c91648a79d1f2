//! A time as it is typed, `24h`, `90m`, `10s`, and as it is shown.

use std::str::FromStr;

use jiff::SignedDuration;

/// In seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub u64);

impl FromStr for Seconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unclear = "a time is like 24h, 90m or 45s";
        let time: SignedDuration = text.parse().map_err(|_| unclear)?;
        let whole = time.subsec_nanos() == 0;
        u64::try_from(time.as_secs()).ok().filter(|_| whole).map(Self).ok_or(unclear)
    }
}

/// `10m`, `1h 30m`, `45s`.
pub fn shown(seconds: u64) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, unit)| format!("{count}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_does_not_run_backwards_and_has_whole_seconds() {
        assert_eq!("1h 30m".parse(), Ok(Seconds(5_400)));
        assert_eq!("0s".parse(), Ok(Seconds(0)));
        for unclear in ["tomorrow", "-1h", "5", "", "1500ms"] {
            assert!(unclear.parse::<Seconds>().is_err(), "{unclear}");
        }
    }

    #[test]
    fn a_time_is_shown_as_it_could_be_typed() {
        for (seconds, text) in [(0, "0s"), (45, "45s"), (600, "10m"), (5_400, "1h 30m")] {
            assert_eq!(shown(seconds), text);
            assert_eq!(text.parse(), Ok(Seconds(seconds)));
        }
    }
}
