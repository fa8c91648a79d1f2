//! Keeping a view of a stream in memory, with proof of how fresh it is.
//!
//! Ten times a second it asks the stream how far it has come. Who has heard all of that knows that his view was
//! right when he asked; without such proof for [`STALE_AFTER`], nobody should rely on it.

mod part;
mod probe;
mod progress;
mod reader;

use std::sync::Arc;

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use self::{part::PartReader, probe::Prober, progress::Progress, reader::Reader};
pub use self::{progress::STALE_AFTER, reader::News};
use crate::stream::{StreamName, Streams};
use uplion_domain::subject::Filter;

/// How far a follower has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// None until the stream was found.
    pub epoch: Option<u32>,
    /// Of the last event that was told; 0 for none.
    pub sequence: u64,
}

/// Reads a stream from its beginning, and goes on until it is dropped.
#[derive(Debug)]
pub struct Follower {
    seen: Arc<watch::Sender<Progress>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Follower {
    /// `hear` should be quick: what it takes, everything behind it waits.
    pub fn start(
        streams: Arc<dyn Streams>,
        stream: StreamName,
        hear: impl FnMut(News<'_>) + Send + 'static,
    ) -> Self {
        let seen = Arc::new(watch::Sender::new(Progress::default()));
        let prober = Prober { streams: Arc::clone(&streams), stream, seen: Arc::clone(&seen) };
        let reader = Reader::new(streams, stream, Arc::clone(&seen), hear);
        Self { seen, tasks: vec![tokio::spawn(prober.run()), tokio::spawn(reader.run())] }
    }

    /// Tells only what is about these subjects, and reads nothing else where that can be. Whoever lost it, for a moment,
    /// is told everything anew.
    pub fn of_part(
        streams: Arc<dyn Streams>,
        stream: StreamName,
        filter: Filter,
        hear: impl FnMut(News<'_>) + Send + 'static,
    ) -> Self {
        let seen = Arc::new(watch::Sender::new(Progress::default()));
        let reader = PartReader { streams, stream, filter, seen: Arc::clone(&seen), hear };
        Self { seen, tasks: vec![tokio::spawn(reader.run())] }
    }

    /// Whether all that the stream held a moment ago has been told.
    pub fn fresh(&self) -> bool {
        self.seen.borrow().fresh(Instant::now())
    }

    pub fn position(&self) -> Position {
        let seen = self.seen.borrow();
        Position { epoch: seen.stream.map(|stream| stream.epoch), sequence: seen.sequence }
    }

    /// Whether the event at `sequence` was told before `deadline`.
    pub async fn wait_until(&self, sequence: u64, deadline: Instant) -> bool {
        self.wait(deadline, |seen| seen.sequence >= sequence).await
    }

    /// Whether it was fresh at some moment before `deadline`.
    pub async fn wait_fresh(&self, deadline: Instant) -> bool {
        self.wait(deadline, |seen| seen.fresh(Instant::now())).await
    }

    async fn wait(&self, deadline: Instant, is_so: impl FnMut(&Progress) -> bool) -> bool {
        let mut seen = self.seen.subscribe();
        timeout_at(deadline, seen.wait_for(is_so)).await.is_ok_and(|seen| seen.is_ok())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
