//! When an upstream was heard last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Shared by whoever reads its answer and whoever looks at the time.
#[derive(Debug, Clone)]
pub struct Pulse {
    start: Instant,
    /// Microseconds since the start, plus one; 0 while nothing was heard.
    heard: Arc<AtomicU64>,
}

impl Pulse {
    pub fn new(start: Instant) -> Self {
        Self { start, heard: Arc::new(AtomicU64::new(0)) }
    }

    /// It said something, be it only a sign of life.
    pub fn beat(&self) {
        let micros = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
        self.heard.store(micros + 1, Ordering::Relaxed);
    }

    pub fn heard_at(&self) -> Option<Instant> {
        let micros = self.heard.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.start + Duration::from_micros(micros))
    }
}
