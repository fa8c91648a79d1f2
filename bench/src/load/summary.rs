//! What a run of load showed.

use std::time::Duration;

use serde::Serialize;

use super::{Sample, Tally};

/// Times in microseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub requests: usize,
    pub errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    pub requests_per_second: f64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub max: u64,
    pub first_byte_p50: u64,
    pub first_byte_p99: u64,
}

impl Summary {
    pub fn of(tally: Tally, seconds: f64) -> Self {
        let whole = Sorted::of(&tally.samples, |sample| sample.whole);
        let first = Sorted::of(&tally.samples, |sample| sample.first);
        let requests = tally.samples.len();
        #[expect(clippy::cast_precision_loss, reason = "requests of one run are far below 2^52")]
        let requests_per_second = requests as f64 / seconds;
        Self {
            requests,
            errors: tally.errors,
            first_error: tally.error,
            requests_per_second,
            p50: whole.at(50),
            p90: whole.at(90),
            p99: whole.at(99),
            max: whole.at(100),
            first_byte_p50: first.at(50),
            first_byte_p99: first.at(99),
        }
    }
}

struct Sorted(Vec<u64>);

impl Sorted {
    fn of(samples: &[Sample], time: impl Fn(&Sample) -> Duration) -> Self {
        let micros = |sample| u64::try_from(time(sample).as_micros()).unwrap_or(u64::MAX);
        let mut times: Vec<u64> = samples.iter().map(micros).collect();
        times.sort_unstable();
        Self(times)
    }

    /// The smallest time that `percent` of the samples do not exceed; 0 without samples.
    fn at(&self, percent: usize) -> u64 {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_so_many_do_not_exceed() {
        let sorted = Sorted((1..=200).collect());
        assert_eq!([sorted.at(50), sorted.at(99), sorted.at(100)], [100, 198, 200]);
        assert_eq!(Sorted(vec![7]).at(50), 7);
        assert_eq!(Sorted(vec![]).at(99), 0);
    }
}
