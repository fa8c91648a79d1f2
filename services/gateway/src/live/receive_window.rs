//! How much all workers together may have under way to this gateway.
//!
//! What is under way waits in the broker until this gateway has taken it in. nats-server cuts off a connection for
//! which too much waits (64 MB, unless it is told otherwise), and with it every stream of this gateway; long before
//! that, signs of life and credits wait behind chunks for longer than they may. A window for each request does not
//! bound the sum: a thousand streams may fill theirs in the same second. So each worker is told how far it may go.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use uplion_domain::WorkerId;
use uplion_log_transport::claim::ConnectionWindow;

/// More makes no worker faster, and everybody's signs of life later.
const LARGEST_SHARE: u64 = 2 << 20;
/// Twice the largest chunk, so that one always fits beside another.
const SMALLEST_SHARE: u64 = 128 << 10;

#[derive(Debug)]
pub struct ReceiveWindow {
    most: u64,
    /// Of those who work for a request of this gateway.
    shares: Mutex<HashMap<WorkerId, Weak<WorkerWindow>>>,
    workers: AtomicU64,
}

/// One worker's part. It counts the bytes that it sends; this is how many were heard and may be sent.
#[derive(Debug)]
pub struct WorkerWindow {
    worker: WorkerId,
    receive_window: Arc<ReceiveWindow>,
    heard: AtomicU64,
    told: AtomicU64,
}

impl ReceiveWindow {
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, shares: Mutex::default(), workers: AtomicU64::new(0) })
    }

    /// The share of a worker that has sent this much so far.
    pub fn share(self: &Arc<Self>, worker: WorkerId, all_sent: u64) -> Arc<WorkerWindow> {
        let mut shares = self.shares();
        let share = shares.get(&worker).and_then(Weak::upgrade).unwrap_or_else(|| {
            let (heard, told) = (AtomicU64::new(all_sent), AtomicU64::new(0));
            let share =
                Arc::new(WorkerWindow { worker, receive_window: Arc::clone(self), heard, told });
            shares.insert(worker, Arc::downgrade(&share));
            share
        });
        self.workers.store(shares.len() as u64, Ordering::Relaxed);
        drop(shares);
        share.hear(all_sent);
        share
    }

    fn each(&self) -> u64 {
        let workers = self.workers.load(Ordering::Relaxed).max(1);
        (self.most / workers).clamp(SMALLEST_SHARE, LARGEST_SHARE)
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<WorkerId, Weak<WorkerWindow>>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorkerWindow {
    pub fn hear(&self, all_sent: u64) {
        self.heard.fetch_max(all_sent, Ordering::Relaxed);
    }

    /// What the worker is to be told now. What it was told before stays true.
    pub fn connection_window(&self) -> ConnectionWindow {
        let heard = self.heard.load(Ordering::Relaxed);
        let until = heard.saturating_add(self.receive_window.each());
        let told = self.told.fetch_max(until, Ordering::Relaxed);
        ConnectionWindow { heard, until: told.max(until) }
    }

    /// Whether so much was heard since the worker was told that it should be told again before it must wait.
    pub fn is_owed(&self) -> bool {
        let each = self.receive_window.each();
        let until = self.heard.load(Ordering::Relaxed).saturating_add(each);
        until.saturating_sub(self.told.load(Ordering::Relaxed)) >= each / 4
    }
}

impl Drop for WorkerWindow {
    fn drop(&mut self) {
        let mut shares = self.receive_window.shares();
        // It may have come back meanwhile.
        if shares.get(&self.worker).is_some_and(|share| share.strong_count() == 0) {
            shares.remove(&self.worker);
        }
        self.receive_window.workers.store(shares.len() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn worker(n: u128) -> WorkerId {
        WorkerId::new(Uuid::from_u128(n))
    }

    #[test]
    fn a_worker_goes_as_far_beyond_what_was_heard_as_its_share() {
        let share = ReceiveWindow::new(1 << 20).share(worker(1), 0);
        assert_eq!(share.connection_window(), ConnectionWindow { heard: 0, until: 1 << 20 });
        assert!(!share.is_owed());
        share.hear((1 << 18) - 1);
        assert!(!share.is_owed());
        share.hear(1 << 18);
        assert!(share.is_owed());
        share.hear(7);
        assert_eq!(
            share.connection_window(),
            ConnectionWindow { heard: 1 << 18, until: (1 << 18) + (1 << 20) }
        );
        assert!(!share.is_owed());
    }

    #[test]
    fn all_workers_together_get_no_more_than_there_is() {
        let receive_window = ReceiveWindow::new(16 << 20);
        let shares: Vec<_> = (0..64).map(|n| receive_window.share(worker(n), 0)).collect();
        let under_way: u64 = shares.iter().map(|share| share.connection_window().until).sum();
        assert_eq!(under_way, 16 << 20);
        drop(shares);
        assert_eq!(receive_window.shares().len(), 0);
        assert_eq!(receive_window.share(worker(1), 0).connection_window().until, LARGEST_SHARE);
    }

    #[test]
    fn what_a_worker_was_told_stays_true_when_others_come() {
        let receive_window = ReceiveWindow::new(1 << 20);
        let first = receive_window.share(worker(1), 0);
        let before = first.connection_window();
        let _others: Vec<_> = (2..=4).map(|n| receive_window.share(worker(n), 0)).collect();
        assert_eq!(first.connection_window(), before);
        first.hear(1 << 20);
        assert_eq!(
            first.connection_window(),
            ConnectionWindow { heard: 1 << 20, until: (1 << 20) + (1 << 18) }
        );
    }

    #[test]
    fn a_worker_that_comes_back_goes_on_where_it_is() {
        let receive_window = ReceiveWindow::new(1 << 20);
        drop(receive_window.share(worker(1), 0));
        let again = receive_window.share(worker(1), 5 << 20);
        assert_eq!(again.connection_window(), ConnectionWindow { heard: 5 << 20, until: 6 << 20 });
    }
}
