//! The archive's events as projections want them: decoded once, though several projections ask for the same.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use uplion_domain::{Envelope, wire::DecodeError};
use uplion_log_store::{StoreError, archive::Archive};
use uplion_projections::Recorded;

/// Events that fit in a batch of a projection.
const MOST: usize = 5_000;
/// Batches kept for projections that come a little later.
const KEPT: usize = 4;

pub struct Feed {
    archive: Arc<dyn Archive>,
    head: watch::Sender<u64>,
    recent: Mutex<Vec<Arc<Batch>>>,
}

/// The effective events behind `after`, up to and including `to`.
pub struct Batch {
    pub after: u64,
    pub to: u64,
    pub events: Vec<Recorded>,
}

#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl Feed {
    pub fn new(archive: Arc<dyn Archive>) -> Self {
        Self { archive, head: watch::Sender::new(0), recent: Mutex::default() }
    }

    /// The archive has come to `head`.
    pub fn announce(&self, head: u64) {
        self.head.send_if_modified(|known| {
            let newer = head > *known;
            *known = (*known).max(head);
            newer
        });
    }

    pub fn heads(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// The next batch behind `after`; `None` if the archive ends there.
    pub async fn after(&self, after: u64) -> Result<Option<Arc<Batch>>, FeedError> {
        if let Some(batch) = self.kept(after) {
            return Ok(Some(batch));
        }
        let Some(batch) = read(self.archive.as_ref(), after).await? else { return Ok(None) };
        let batch = Arc::new(batch);
        let mut recent = self.recent.lock().expect("no holder of this lock panics");
        if recent.len() == KEPT {
            recent.remove(0);
        }
        recent.push(Arc::clone(&batch));
        Ok(Some(batch))
    }

    fn kept(&self, after: u64) -> Option<Arc<Batch>> {
        let recent = self.recent.lock().expect("no holder of this lock panics");
        // A short batch may have been cut by the archive's end, which has moved on: still right, only smaller.
        recent.iter().rev().find(|batch| batch.after == after).map(Arc::clone)
    }
}

/// Reads a batch from the archive.
pub async fn read(archive: &dyn Archive, after: u64) -> Result<Option<Batch>, FeedError> {
    let archived = archive.read(after, MOST, false).await?;
    let Some(last) = archived.last() else { return Ok(None) };
    let to = last.pos;
    let events = archived
        .iter()
        .filter(|archived| archived.effective)
        .map(|archived| {
            let envelope = Envelope::decode(&archived.event)?;
            Ok(Recorded { pos: archived.pos, envelope })
        })
        .collect::<Result<_, DecodeError>>()?;
    Ok(Some(Batch { after, to, events }))
}
