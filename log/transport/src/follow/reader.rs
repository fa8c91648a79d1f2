//! Reads the stream and tells what is in it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use uplion_domain::Envelope;

use super::progress::{Incarnation, PROBE_EVERY, Progress};
use crate::stream::{Cursor, ReadError, Record, StreamName, Streams};

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
    /// The stream was replaced: forget everything; the new one follows from its beginning.
    Anew,
}

pub(super) struct Reader<F> {
    streams: Arc<dyn Streams>,
    stream: StreamName,
    seen: Arc<watch::Sender<Progress>>,
    hear: F,
    complained: Option<Instant>,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Decode(#[from] uplion_domain::wire::DecodeError),
}

impl<F: FnMut(News<'_>)> Reader<F> {
    pub fn new(
        streams: Arc<dyn Streams>,
        stream: StreamName,
        seen: Arc<watch::Sender<Progress>>,
        hear: F,
    ) -> Self {
        Self { streams, stream, seen, hear, complained: None }
    }

    pub async fn run(mut self) {
        loop {
            if let Err(stopped) = self.read().await {
                complain_about(self.stream, &stopped, &mut self.complained);
            }
            sleep(PROBE_EVERY).await;
        }
    }

    /// Until the stream is replaced or cannot be read.
    async fn read(&mut self) -> Result<(), Stopped> {
        let identity = self.streams.identity(self.stream).await?;
        let found = Incarnation { created: identity.created, epoch: identity.epoch };
        self.begin(found, identity.last);
        let after = self.seen.borrow().sequence;
        let mut cursor = self.streams.read(self.stream, after).await?;
        while self.seen.borrow().stream == Some(found) {
            let records = cursor.next(MOST, PROBE_EVERY).await?;
            self.tell(&records)?;
            if records.is_empty() && self.is_missing_some() {
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

    fn tell(&mut self, records: &[Record]) -> Result<(), Stopped> {
        for message in records.chunk_by(|one, next| one.sequence == next.sequence) {
            for record in message {
                let event = Envelope::decode(&record.event)?;
                (self.hear)(News::Event(&event));
            }
            // Cursors give whole messages.
            if let Some(Record { sequence, .. }) = message.last() {
                self.seen.send_modify(|seen| {
                    seen.sequence = *sequence;
                    seen.prove();
                });
            }
        }
        Ok(())
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

pub(super) fn complain_about(
    stream: StreamName,
    stopped: &Stopped,
    complained: &mut Option<Instant>,
) {
    let quiet = complained.is_some_and(|last| last.elapsed() < COMPLAIN_EVERY);
    if !quiet {
        *complained = Some(Instant::now());
        tracing::warn!(%stream, error = %stopped, "stream.follow.failed");
    }
}
