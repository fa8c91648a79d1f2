//! How long an upstream has said nothing, of the time that somebody listened.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep_until};

use crate::upstream::pulse::Pulse;

/// How long it may say nothing.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Before its first byte; none: as long as the request has.
    pub first_byte: Option<Duration>,
    /// Once it has begun.
    pub between_chunks: Option<Duration>,
}

pub struct Silence {
    pulse: Pulse,
    patience: Patience,
    /// Since when somebody listens.
    listening_since: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Silence {
    pub fn new(now: Instant, patience: Patience) -> Self {
        let sleep = Box::pin(sleep_until(now.into()));
        Self { pulse: Pulse::new(now), patience, listening_since: now, sleep }
    }

    /// The upstream is called now.
    pub fn begin(&mut self, now: Instant) -> Pulse {
        self.listening_since = now;
        self.pulse = Pulse::new(now);
        self.pulse.clone()
    }

    /// Nobody reads what it says, because the client reads too slowly: its silence is not its own.
    pub const fn pause(&mut self, now: Instant) {
        self.listening_since = now;
    }

    /// Returns when it has said nothing for too long. Cancel-safe.
    pub async fn is_too_long(&mut self) {
        loop {
            let Some(due) = self.due() else { return std::future::pending().await };
            if due <= Instant::now() {
                return;
            }
            // Moved on only when it is over: most that is waited for comes long before.
            if self.sleep.is_elapsed() || self.sleep.deadline() > due.into() {
                self.sleep.as_mut().reset(due.into());
            }
            self.sleep.as_mut().await;
        }
    }

    fn due(&self) -> Option<Instant> {
        match self.pulse.heard_at() {
            None => Some(self.listening_since + self.patience.first_byte?),
            Some(heard) => Some(heard.max(self.listening_since) + self.patience.between_chunks?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(20);
    const BETWEEN: Duration = Duration::from_millis(40);
    const PATIENCE: Patience = Patience { first_byte: Some(FIRST), between_chunks: Some(BETWEEN) };

    fn begun(patience: Patience) -> (Silence, Pulse, Instant) {
        let now = Instant::now();
        let mut silence = Silence::new(now, patience);
        let pulse = silence.begin(now);
        (silence, pulse, now)
    }

    #[tokio::test]
    async fn before_the_first_byte_it_has_other_patience_than_after() {
        let (silence, pulse, began) = begun(PATIENCE);
        assert_eq!(silence.due(), Some(began + FIRST));
        pulse.beat();
        let due = silence.due().unwrap();
        assert!(due >= began + BETWEEN && due <= Instant::now() + BETWEEN);
    }

    #[tokio::test]
    async fn time_in_which_nobody_listens_is_no_silence() {
        let (mut silence, pulse, began) = begun(PATIENCE);
        pulse.beat();
        let later = began + Duration::from_mins(1);
        silence.pause(later);
        assert_eq!(silence.due(), Some(later + BETWEEN));
    }

    #[tokio::test]
    async fn who_has_no_bound_is_never_too_silent() {
        let (silence, pulse, _) = begun(Patience { first_byte: None, between_chunks: None });
        assert_eq!(silence.due(), None);
        pulse.beat();
        assert_eq!(silence.due(), None);
    }

    #[tokio::test]
    async fn it_is_told_when_it_is_too_long_and_not_before() {
        let (mut silence, pulse, began) = begun(PATIENCE);
        pulse.beat();
        silence.is_too_long().await;
        assert!(began.elapsed() >= BETWEEN);
    }
}
