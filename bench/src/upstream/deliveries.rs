//! What was delivered to whom, and how it ended.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Finished requests that are remembered one by one.
pub const KEPT: usize = 100_000;

/// One request, as the mock upstream saw it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The request's `user` field: what the test calls it.
    pub user: String,
    pub model: String,
    pub stream: bool,
    pub began: Instant,
    pub ended: Instant,
    /// Handed to the connection; the client need not have read them.
    pub chunks: u32,
    pub bytes: u64,
    /// What the upstream would charge for: 0 for an error.
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All of it was handed to the connection.
    Complete,
    /// An error, as the script wanted.
    Error(u16),
    /// Broken off, as the script wanted.
    Cut,
    /// The client closed the connection before the end.
    ClosedByClient,
}

/// Sums over finished requests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub requests: u64,
    pub complete: u64,
    pub chunks: u64,
    pub bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Records {
    pub kept: VecDeque<Delivery>,
    pub totals: Totals,
    pub running: usize,
}

impl Records {
    fn enter(&mut self, delivery: Delivery) {
        self.running -= 1;
        self.totals.requests += 1;
        self.totals.complete += u64::from(delivery.end == End::Complete);
        self.totals.chunks += u64::from(delivery.chunks);
        self.totals.bytes += delivery.bytes;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(delivery);
    }
}

#[derive(Debug, Default, Clone)]
pub(super) struct Recorder(Arc<Mutex<Records>>);

impl Recorder {
    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn record(&self, user: &str, model: &str, stream: bool) -> Recording {
        self.records().running += 1;
        let now = Instant::now();
        let (user, model) = (user.to_owned(), model.to_owned());
        let (began, ended, end) = (now, now, End::ClosedByClient);
        let delivery = Delivery {
            user,
            model,
            stream,
            began,
            ended,
            chunks: 0,
            bytes: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            end,
        };
        Recording { delivery, recorder: self.clone() }
    }
}

/// One request under way. Dropped before it was told an end, the client has gone.
#[derive(Debug)]
pub(super) struct Recording {
    pub delivery: Delivery,
    recorder: Recorder,
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.delivery.ended = Instant::now();
        self.recorder.records().enter(self.delivery.clone());
    }
}
