//! The archive's events as projections want them: decoded once, though several projections ask for the same, and
//! read from the archive only by who is behind.

mod fresh;

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use uplion_domain::{Envelope, wire::Encoded};
use uplion_log_store::{
    StoreError,
    archive::{Archive, Ingested},
};
use uplion_log_transport::stream::Record;
use uplion_projections::{Projection, Recorded};

use self::fresh::Fresh;

/// Events that fit in a batch of a projection.
const MOST: usize = 5_000;
/// Batches kept for projections that come a little later.
const KEPT: usize = 4;

pub struct Feed {
    archive: Arc<dyn Archive>,
    head: watch::Sender<u64>,
    fresh: Mutex<Fresh>,
    recent: Mutex<Vec<Arc<Batch>>>,
}

/// The effective events behind `after`, up to and including `to`.
pub struct Batch {
    pub after: u64,
    pub to: u64,
    pub events: Vec<Recorded>,
    /// Those that this version cannot read.
    pub unread: Vec<Unread>,
}

/// An event of a later version than this.
#[derive(Debug, Clone)]
pub struct Unread {
    pub pos: u64,
    pub kind: String,
    pub why: String,
}

#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// By a projection that would have to know it.
    #[error("{why}, and is at position {pos} of the archive")]
    Unread { pos: u64, why: String },
}

impl Feed {
    pub fn new(archive: Arc<dyn Archive>) -> Self {
        let (head, fresh) = (watch::Sender::new(0), Mutex::default());
        Self { archive, head, fresh, recent: Mutex::default() }
    }

    /// The archive has come to `head`.
    pub fn announce(&self, head: u64) {
        self.head.send_if_modified(|known| {
            let newer = head > *known;
            *known = (*known).max(head);
            newer
        });
    }

    /// These events are in the archive now.
    pub fn archived(&self, events: Vec<Record>, ingested: &Ingested) {
        let Ingested { head, effective } = ingested;
        let after = head - events.len() as u64;
        let events = (after + 1..).zip(events).zip(effective);
        let counts = events.filter(|(_, effective)| **effective);
        let events = counts.map(|((pos, record), _)| (pos, record.event));
        self.fresh.lock().expect("no holder of this lock panics").add(after, *head, events);
        self.announce(*head);
    }

    pub fn heads(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// The next batch behind `after`; `None` if the archive ends there.
    pub async fn after(&self, after: u64) -> Result<Option<Arc<Batch>>, FeedError> {
        if let Some(batch) = self.kept(after) {
            return Ok(Some(batch));
        }
        let fresh = self.fresh.lock().expect("no holder of this lock panics").after(after, MOST);
        let batch = match fresh {
            Some((to, events)) => {
                let events = events.iter().map(|(pos, event)| (*pos, event.as_ref()));
                Some(Batch::new(after, to, events))
            }
            None => read(self.archive.as_ref(), after).await?,
        };
        let Some(batch) = batch.map(Arc::new) else { return Ok(None) };
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
    let effective = archived.iter().filter(|archived| archived.effective);
    Ok(Some(Batch::new(after, to, effective.map(|it| (it.pos, &it.event)))))
}

impl Batch {
    fn new<'a>(after: u64, to: u64, encoded: impl Iterator<Item = (u64, &'a Encoded)>) -> Self {
        let (mut events, mut unread) = (Vec::new(), Vec::new());
        for (pos, event) in encoded {
            match Envelope::decode(event) {
                Ok(envelope) => events.push(Recorded { pos, envelope }),
                Err(error) => {
                    unread.push(Unread { pos, kind: event.kind.clone(), why: error.to_string() });
                }
            }
        }
        Self { after, to, events, unread }
    }

    /// No event is in it.
    pub const fn empty(after: u64, to: u64) -> Self {
        Self { after, to, events: Vec::new(), unread: Vec::new() }
    }

    /// Fails if an event in it cannot be read that the projection would have to know. The others go on.
    pub fn is_readable_by(&self, projection: &dyn Projection) -> Result<(), FeedError> {
        match self.unread.iter().find(|unread| projection.reads(&unread.kind)) {
            None => Ok(()),
            Some(Unread { pos, why, .. }) => Err(FeedError::Unread { pos: *pos, why: why.clone() }),
        }
    }
}
