//! Follows what a stream holds of some subjects, where nothing else of it may be read.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use uplion_domain::subject::Filter;

use super::{
    News,
    probe::Prober,
    progress::{PROBE_EVERY, Progress},
    reader::{Complaints, MOST, Reader, tell},
};
use crate::stream::{Entry, Part, ReadError, StreamName, Streams};

/// Each try makes a consumer, which the server keeps for a while.
const TRY_AGAIN: Duration = Duration::from_millis(500);

pub(super) struct PartReader<F> {
    pub streams: Arc<dyn Streams>,
    pub stream: StreamName,
    pub filter: Filter,
    pub seen: Arc<watch::Sender<Progress>>,
    pub hear: F,
}

impl<F: FnMut(News<'_>)> PartReader<F> {
    pub async fn run(mut self) {
        let mut complaints = Complaints::about(self.stream);
        loop {
            let error = match self.streams.read_part(self.stream, &self.filter).await {
                Ok(Some(part)) => {
                    self.begin();
                    let Err(error) = self.read(part, &mut complaints).await;
                    error
                }
                Ok(None) => return self.read_whole().await,
                Err(error) => error,
            };
            complaints.note("stream.unavailable", &error.to_string());
            sleep(TRY_AGAIN).await;
        }
    }

    /// From the beginning, whether or not it is the same stream.
    fn begin(&mut self) {
        let before = self.seen.send_replace(Progress::default());
        if before.sequence > 0 {
            (self.hear)(News::Anew);
        }
    }

    async fn read(
        &mut self,
        mut part: Box<dyn Part>,
        complaints: &mut Complaints,
    ) -> Result<Infallible, ReadError> {
        loop {
            let entries = part.next(MOST, PROBE_EVERY).await?;
            if !entries.is_empty() {
                self.tell(&entries, complaints);
                continue;
            }
            let asked = Instant::now();
            if part.is_complete().await? {
                self.seen.send_modify(|seen| seen.proven = Some(asked));
            }
        }
    }

    fn tell(&mut self, entries: &[Entry], complaints: &mut Complaints) {
        for entry in entries {
            tell(entry, &mut self.hear, complaints);
            self.seen.send_modify(|seen| seen.sequence = entry.sequence());
        }
    }

    /// In one process there is nobody to hide the rest from.
    async fn read_whole(self) {
        let Self { streams, stream, filter, seen, mut hear } = self;
        let prober = Prober { streams: Arc::clone(&streams), stream, seen: Arc::clone(&seen) };
        let hear = move |news: News<'_>| match news {
            News::Event(envelope) if !filter.matches(&envelope.event.subject()) => {}
            News::Unread(subject) if !filter.matches(subject) => {}
            News::Event(_) | News::Unread(_) | News::Anew => hear(news),
        };
        tokio::join!(prober.run(), Reader::new(streams, stream, seen, hear).run());
    }
}
