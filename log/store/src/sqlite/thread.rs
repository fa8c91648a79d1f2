//! A thread that works off what others send it, as much as is there at once.

use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

/// Ends when it is dropped, once everything that was sent is done.
pub struct Thread<J> {
    jobs: Option<mpsc::Sender<J>>,
    handle: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> Thread<J> {
    /// At most `waiting` jobs wait; `work` gets at most `batch` of them together.
    pub fn start(
        name: &str,
        waiting: usize,
        batch: usize,
        mut work: impl FnMut(Vec<J>) + Send + 'static,
    ) -> Self {
        let (jobs, mut sent) = mpsc::channel(waiting);
        let run = move || {
            while let Some(first) = sent.blocking_recv() {
                let mut together = vec![first];
                while together.len() < batch
                    && let Ok(next) = sent.try_recv()
                {
                    together.push(next);
                }
                work(together);
            }
        };
        let handle = thread::Builder::new().name(name.to_owned()).spawn(run);
        let handle = handle.expect("a process that cannot start a thread cannot start at all");
        Self { jobs: Some(jobs), handle: Some(handle) }
    }

    pub fn jobs(&self) -> &mpsc::Sender<J> {
        self.jobs.as_ref().expect("taken only when dropped")
    }
}

impl<J> Drop for Thread<J> {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("store.writer.panicked");
        }
    }
}
