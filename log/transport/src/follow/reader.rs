//! Reads the stream and tells what is in it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use uplion_domain::{Envelope, subject::Subject};

use super::progress::{Incarnation, PROBE_EVERY, Progress};
use crate::stream::{Cursor, Entry, ReadError, StreamName, Streams};

/// Events read at once.
pub(super) const MOST: usize = 1_024;
/// Who knows for this long that there is more, and gets none, reads anew.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two lines in the log about a stream that cannot be read.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// What a follower tells, in the order of the stream.
#[derive(Debug)]
pub enum News<'a> {
    Event(&'a Envelope),
    /// One of ours that this version cannot read: nobody knows what it changed about its subject.
    Unread(&'a Subject),
    /// The stream was replaced: forget everything; the new one follows from its beginning.
    Anew,
}

pub(super) struct Reader<F> {
    streams: Arc<dyn Streams>,
    stream: StreamName,
    seen: Arc<watch::Sender<Progress>>,
    hear: F,
    complaints: Complaints,
}

impl<F: FnMut(News<'_>)> Reader<F> {
    pub fn new(
        streams: Arc<dyn Streams>,
        stream: StreamName,
        seen: Arc<watch::Sender<Progress>>,
        hear: F,
    ) -> Self {
        Self { streams, stream, seen, hear, complaints: Complaints::about(stream) }
    }

    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.read().await {
                self.complaints.note("stream.unavailable", &error.to_string());
            }
            sleep(PROBE_EVERY).await;
        }
    }

    /// Until the stream is replaced or cannot be read.
    async fn read(&mut self) -> Result<(), ReadError> {
        let identity = self.streams.identity(self.stream).await?;
        let found = Incarnation { created: identity.created, epoch: identity.epoch };
        self.begin(found, identity.last);
        let after = self.seen.borrow().sequence;
        let mut cursor = self.streams.read(self.stream, after).await?;
        while self.seen.borrow().stream == Some(found) {
            let entries = cursor.next(MOST, PROBE_EVERY).await?;
            self.tell(&entries);
            if entries.is_empty() && self.is_missing_some() {
                cursor = self.reread(cursor).await?;
            }
        }
        Ok(())
    }

    /// Goes on where it was, unless this is another stream.
    fn begin(&mut self, found: Incarnation, last: u64) {
        let mut anew = false;
        self.seen.send_modify(|seen| {
            let had = seen.sequence > 0;
            let same = seen.stream == Some(found) && last >= seen.sequence;
            if !same {
                anew = had;
                *seen = Progress { stream: Some(found), ..Progress::default() };
            }
        });
        if anew {
            tracing::warn!(stream = %self.stream, "stream.replaced");
            (self.hear)(News::Anew);
        }
    }

    fn tell(&mut self, entries: &[Entry]) {
        for message in entries.chunk_by(|one, next| one.sequence() == next.sequence()) {
            for entry in message {
                tell(entry, &mut self.hear, &mut self.complaints);
            }
            // Cursors give whole messages.
            if let Some(last) = message.last() {
                self.seen.send_modify(|seen| {
                    seen.sequence = last.sequence();
                    seen.prove();
                });
            }
        }
    }

    fn is_missing_some(&self) -> bool {
        self.seen.borrow().asked.is_some_and(|(asked, _)| asked.elapsed() > PATIENCE)
    }

    async fn reread(&mut self, lost: Box<dyn Cursor>) -> Result<Box<dyn Cursor>, ReadError> {
        drop(lost);
        let after = self.seen.borrow().sequence;
        self.streams.read(self.stream, after).await
    }
}

/// As an event, or as one that cannot be read; of what is foreign nothing is told.
pub(super) fn tell(entry: &Entry, hear: &mut impl FnMut(News<'_>), complaints: &mut Complaints) {
    let record = match entry {
        Entry::Event(record) => record,
        // The projector keeps it for a person to look at.
        Entry::Foreign(foreign) => return complaints.note("stream.foreign", &foreign.reason),
    };
    match Envelope::decode(&record.event) {
        Ok(event) => hear(News::Event(&event)),
        Err(error) => {
            complaints.note("stream.unread", &error.to_string());
            hear(News::Unread(&record.subject));
        }
    }
}

/// Of one stream.
pub(super) struct Complaints {
    stream: StreamName,
    last: Option<Instant>,
}

impl Complaints {
    pub const fn about(stream: StreamName) -> Self {
        Self { stream, last: None }
    }

    /// What is wrong goes on for long, or comes in great numbers.
    pub fn note(&mut self, what: &'static str, why: &str) {
        let quiet = self.last.is_some_and(|last| last.elapsed() < COMPLAIN_EVERY);
        if !quiet {
            self.last = Some(Instant::now());
            tracing::warn!(stream = %self.stream, what, error = why, "stream.follow.failed");
        }
    }
}
