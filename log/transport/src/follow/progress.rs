//! How far a follower has come, and what proves that it is fresh.

use std::time::Duration;

use tokio::time::Instant;
use uplion_domain::Timestamp;

use crate::stream::{Identity, ReadError};

/// How long a proof holds.
pub const STALE_AFTER: Duration = Duration::from_secs(2);
pub(super) const PROBE_EVERY: Duration = Duration::from_millis(100);

/// What reader and prober know of the stream.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub stream: Option<Incarnation>,
    pub sequence: u64,
    /// When it was last asked for something that has been told since.
    pub proven: Option<Instant>,
    /// When it was asked, and how far it had come: a proof as soon as that has been told.
    pub asked: Option<(Instant, u64)>,
}

/// Tells a stream from others that had its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Incarnation {
    pub created: Timestamp,
    pub epoch: u32,
}

impl Progress {
    pub fn fresh(&self, now: Instant) -> bool {
        self.proven.is_some_and(|proven| now.saturating_duration_since(proven) < STALE_AFTER)
    }

    /// Turns a question into proof once what it was answered has been told.
    pub fn prove(&mut self) {
        if let Some((asked, last)) = self.asked
            && self.sequence >= last
        {
            (self.proven, self.asked) = (Some(asked), None);
        }
    }

    pub fn doubt(&mut self) {
        (self.proven, self.asked) = (None, None);
    }

    pub fn hear(&mut self, asked: Instant, answer: &Result<Identity, ReadError>) {
        match answer {
            Ok(Identity { created, epoch, last, first: _, bytes: _, max_bytes: _ }) => {
                let same = self.stream == Some(Incarnation { created: *created, epoch: *epoch });
                if !same || *last < self.sequence {
                    // The reader finds out by itself, or is about to read it for the first time.
                    self.stream = self.stream.filter(|_| same && *last >= self.sequence);
                    return self.doubt();
                }
                // An older question is let be for a while: on a busy stream every answer is a little ahead.
                let waiting =
                    self.asked.is_some_and(|(asked, _)| asked.elapsed() < STALE_AFTER / 2);
                if !waiting {
                    self.asked = Some((asked, *last));
                }
                self.prove();
            }
            Err(ReadError::Missing(_) | ReadError::Replaced(_)) => self.doubt(),
            // Time will tell.
            Err(
                ReadError::Purged { .. }
                | ReadError::TooLarge { .. }
                | ReadError::Unavailable { .. },
            ) => {}
        }
    }
}
