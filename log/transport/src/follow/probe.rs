//! Asks the stream how far it has come.

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{Known, PROBE_EVERY, STALE_AFTER, Seen};
use crate::stream::{Identity, ReadError, StreamName, Streams};

pub(super) struct Prober {
    pub streams: Arc<dyn Streams>,
    pub stream: StreamName,
    pub seen: Arc<watch::Sender<Seen>>,
}

impl Prober {
    pub async fn run(self) {
        let mut probe = interval(PROBE_EVERY);
        probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            probe.tick().await;
            let asked = Instant::now();
            let answer = self.streams.identity(self.stream).await;
            self.seen.send_modify(|seen| seen.hear(asked, &answer));
        }
    }
}

impl Seen {
    fn hear(&mut self, asked: Instant, answer: &Result<Identity, ReadError>) {
        match answer {
            Ok(Identity { created, epoch, last, first: _, bytes: _, max_bytes: _ }) => {
                let same = self.stream == Some(Known { created: *created, epoch: *epoch });
                if !same || *last < self.sequence {
                    // The reader finds out by itself, or is about to read it for the first time.
                    self.stream = self.stream.filter(|_| same && *last >= self.sequence);
                    return self.doubt();
                }
                // An older question is let be for a while: on a busy stream every answer is a little ahead.
                let waiting =
                    self.asked.is_some_and(|(asked, _)| asked.elapsed() < STALE_AFTER / 2);
                if !waiting {
                    self.asked = Some((asked, *last));
                }
                self.prove();
            }
            Err(ReadError::Missing(_) | ReadError::Replaced(_)) => self.doubt(),
            // Time will tell.
            Err(
                ReadError::Purged { .. }
                | ReadError::Foreign { .. }
                | ReadError::Unavailable { .. },
            ) => {}
        }
    }
}
