//! Whether the log takes what is settled.
//!
//! A gateway whose settlements nobody acknowledges can give no answer to anybody. It admits nobody then: a client is
//! told at once instead of after ten seconds, and no upstream works for nothing. What waits is written again and again,
//! and the first acknowledgement opens the door.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Somebody has waited for so long and nobody was acknowledged meanwhile. A change of a stream's leader may take
/// longer, and its clients get their answers; those who come then are told to come again.
const STUCK_AFTER: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct Recording {
    start: Instant,
    waiting: AtomicUsize,
    /// Milliseconds from the start to the last acknowledgement, or to when the first of those that wait began.
    since: AtomicU64,
}

/// A settlement that is not acknowledged yet.
#[derive(Debug)]
pub struct Waiting(Arc<Recording>);

impl Default for Recording {
    fn default() -> Self {
        Self { start: Instant::now(), waiting: AtomicUsize::new(0), since: AtomicU64::new(0) }
    }
}

impl Recording {
    pub fn wait(self: &Arc<Self>) -> Waiting {
        if self.waiting() == 0 {
            self.restart();
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(Arc::clone(self))
    }

    /// Settlements that are not acknowledged yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    pub fn is_stuck(&self) -> bool {
        self.waiting() > 0 && self.now_ms() > self.since.load(Ordering::Acquire) + STUCK_AFTER_MS
    }

    fn restart(&self) {
        self.since.store(self.now_ms(), Ordering::Release);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

const STUCK_AFTER_MS: u64 = STUCK_AFTER.as_secs() * 1000;

impl Waiting {
    pub fn acknowledged(self) {
        self.0.restart();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_stuck_while_somebody_waits_and_nobody_is_acknowledged() {
        let recording = Arc::new(Recording::default());
        advance(STUCK_AFTER * 2).await;
        assert!(!recording.is_stuck(), "nobody waits");
        let first = recording.wait();
        let second = recording.wait();
        advance(STUCK_AFTER).await;
        assert!(!recording.is_stuck());
        advance(Duration::from_millis(1)).await;
        assert!(recording.is_stuck());
        second.acknowledged();
        assert!(!recording.is_stuck());
        advance(STUCK_AFTER * 2).await;
        assert!(recording.is_stuck(), "the first waits still");
        drop(first);
        assert!(!recording.is_stuck());
    }
}
