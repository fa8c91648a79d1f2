//! When the next request is due.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Open: due at fixed times, so that a slow answer makes the next one late instead of rare. Closed: due at once.
pub enum Schedule {
    Open { next: Instant, every: Duration },
    Closed { start: Instant },
}

impl Schedule {
    /// The connections take turns at the whole rate.
    pub fn new(rate: Option<f64>, number: u32, connections: u32, start: Instant) -> Self {
        match rate {
            None => Self::Closed { start },
            Some(rate) => {
                let every = Duration::from_secs_f64(f64::from(connections) / rate);
                let next = start + Duration::from_secs_f64(f64::from(number) / rate);
                Self::Open { next, every }
            }
        }
    }

    /// Waits until the next request is due, and returns when that was. A timer that wakes late (they tick in
    /// milliseconds) is not the server's doing: who waited is due when woken, who comes too late was due before.
    pub async fn next(&mut self) -> Instant {
        match self {
            Self::Open { next, every } => {
                let due = *next;
                *next += *every;
                if due <= Instant::now() {
                    return due;
                }
                sleep_until(due).await;
                Instant::now()
            }
            Self::Closed { start } => {
                sleep_until(*start).await;
                Instant::now()
            }
        }
    }
}
