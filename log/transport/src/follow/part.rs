//! Follows what a stream holds of some subjects, where nothing else of it may be read.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use uplion_domain::{Envelope, subject::Filter};

use super::{
    News,
    probe::Prober,
    progress::{PROBE_EVERY, Progress},
    reader::{MOST, Reader, Stopped, complain_about},
};
use crate::stream::{Part, ReadError, Record, StreamName, Streams};

/// Each try makes a consumer, which the server keeps for a while.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// What cannot be read today is not read a moment later either.
const UNREADABLE: Duration = Duration::from_secs(10);

pub(super) struct PartReader<F> {
    pub streams: Arc<dyn Streams>,
    pub stream: StreamName,
    pub filter: Filter,
    pub seen: Arc<watch::Sender<Progress>>,
    pub hear: F,
}

impl<F: FnMut(News<'_>)> PartReader<F> {
    pub async fn run(mut self) {
        let mut complained = None;
        loop {
            let stopped = match self.streams.read_part(self.stream, &self.filter).await {
                Ok(Some(part)) => {
                    self.begin();
                    let Err(stopped) = self.read(part).await;
                    stopped
                }
                Ok(None) => return self.read_whole().await,
                Err(error) => error.into(),
            };
            complain_about(self.stream, &stopped, &mut complained);
            sleep(pause(&stopped)).await;
        }
    }

    /// From the beginning, whether or not it is the same stream.
    fn begin(&mut self) {
        let before = self.seen.send_replace(Progress::default());
        if before.sequence > 0 {
            (self.hear)(News::Anew);
        }
    }

    async fn read(&mut self, mut part: Box<dyn Part>) -> Result<Infallible, Stopped> {
        loop {
            let records = part.next(MOST, PROBE_EVERY).await?;
            if !records.is_empty() {
                self.tell(&records)?;
                continue;
            }
            let asked = Instant::now();
            if part.is_complete().await? {
                self.seen.send_modify(|seen| seen.proven = Some(asked));
            }
        }
    }

    fn tell(&mut self, records: &[Record]) -> Result<(), Stopped> {
        for record in records {
            (self.hear)(News::Event(&Envelope::decode(&record.event)?));
            // One by one: what was told before one that cannot be read is to be forgotten, too.
            self.seen.send_modify(|seen| seen.sequence = record.sequence);
        }
        Ok(())
    }

    /// In one process there is nobody to hide the rest from.
    async fn read_whole(self) {
        let Self { streams, stream, filter, seen, mut hear } = self;
        let prober = Prober { streams: Arc::clone(&streams), stream, seen: Arc::clone(&seen) };
        let hear = move |news: News<'_>| match news {
            News::Event(envelope) if !filter.matches(&envelope.event.subject()) => {}
            News::Event(_) | News::Anew => hear(news),
        };
        tokio::join!(prober.run(), Reader::new(streams, stream, seen, hear).run());
    }
}

const fn pause(stopped: &Stopped) -> Duration {
    match stopped {
        Stopped::Decode(_) | Stopped::Read(ReadError::Foreign { .. }) => UNREADABLE,
        Stopped::Read(
            ReadError::Missing(_)
            | ReadError::Replaced(_)
            | ReadError::Purged { .. }
            | ReadError::TooLarge { .. }
            | ReadError::Unavailable { .. },
        ) => TRY_AGAIN,
    }
}
