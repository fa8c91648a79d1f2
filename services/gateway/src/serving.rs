//! How the requests of a model are served: how long they may take, and how often they are tried.

use std::time::Duration;

use uplion_domain::model::ServingTerms;

/// Of one model; by default, of each that says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serving {
    /// From admission to the end of the answer.
    pub deadline: Duration,
    /// How long an upstream may say nothing at all; none: until the deadline.
    pub first_byte: Option<Duration>,
    /// How long an upstream that began may say nothing.
    pub between_chunks: Duration,
    pub retries: RetryLimits,
    /// How long a request waits while nobody serves the model.
    pub wait_for_worker: Duration,
}

/// How often and how long a request is tried that upstreams fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// Calls of upstreams.
    pub attempts: u32,
    /// Beside the time that upstreams themselves take.
    pub within: Duration,
    /// For a worker with another upstream to come.
    pub others: Duration,
    /// Before the same upstream has it again, the first time; twice as long each time after.
    pub pause: Duration,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            // As long as the official SDKs wait.
            deadline: Duration::from_mins(10),
            first_byte: None,
            // Some begin, and think for minutes before they go on.
            between_chunks: Duration::from_mins(5),
            retries: RetryLimits::default(),
            wait_for_worker: Duration::ZERO,
        }
    }
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            attempts: 3,
            within: Duration::from_secs(10),
            others: Duration::from_millis(400),
            pause: Duration::from_millis(400),
        }
    }
}

impl Serving {
    /// What `terms` say, and the rest as it is by default.
    #[must_use]
    pub fn with(self, terms: &ServingTerms) -> Self {
        let ServingTerms {
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        } = *terms;
        let seconds = |seconds: Option<u32>| seconds.map(u64::from).map(Duration::from_secs);
        Self {
            deadline: seconds(deadline_s).unwrap_or(self.deadline),
            first_byte: seconds(first_byte_s).or(self.first_byte),
            between_chunks: seconds(between_chunks_s).unwrap_or(self.between_chunks),
            retries: RetryLimits {
                attempts: attempts.unwrap_or(self.retries.attempts),
                within: seconds(retry_for_s).unwrap_or(self.retries.within),
                ..self.retries
            },
            wait_for_worker: seconds(wait_for_worker_s).unwrap_or(self.wait_for_worker),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_says_what_it_says_and_the_rest_is_as_usual() {
        let usual = Serving::default();
        assert_eq!(usual.with(&ServingTerms::default()), usual);
        let terms = ServingTerms {
            deadline_s: Some(1_200),
            retry_for_s: Some(60),
            wait_for_worker_s: Some(60),
            ..ServingTerms::default()
        };
        let (deadline, wait_for_worker) = (Duration::from_mins(20), Duration::from_mins(1));
        let retries = RetryLimits { within: Duration::from_mins(1), ..usual.retries };
        let expected = Serving { deadline, retries, wait_for_worker, ..usual };
        assert_eq!(usual.with(&terms), expected);
    }
}
