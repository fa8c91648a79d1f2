//! How long the secret before is served beside the new one, as it is typed: `24h`, `30m`.

use std::str::FromStr;

use jiff::SignedDuration;

/// In seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace(pub u64);

impl FromStr for Grace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unclear = "a grace is like 24h, 90m or 45s";
        let time: SignedDuration = text.parse().map_err(|_| unclear)?;
        u64::try_from(time.as_secs()).map(Self).map_err(|_| unclear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_is_a_time_that_does_not_run_backwards() {
        assert_eq!("1h 30m".parse(), Ok(Grace(5_400)));
        for unclear in ["tomorrow", "-1h", "5", ""] {
            assert!(unclear.parse::<Grace>().is_err(), "{unclear}");
        }
    }
}
