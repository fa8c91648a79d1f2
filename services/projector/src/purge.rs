//! Takes from TRAFFIC and WORKERS what has been in the archive for long enough. What is not archived stays, however old.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use uplion_log_store::archive::Archive;
use uplion_log_transport::stream::{StreamName, Streams};

use crate::Clock;

pub struct Purge {
    pub streams: Arc<dyn Streams>,
    pub archive: Arc<dyn Archive>,
    pub clock: Clock,
    pub every: Duration,
    /// Since it was archived.
    pub keep: Duration,
}

impl Purge {
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.purge().await {
                tracing::warn!(error = format!("{error:#}"), "projector.purge");
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// CONTROL stays whole: gateways read it from its beginning.
    async fn purge(&self) -> anyhow::Result<()> {
        for stream in [StreamName::Traffic, StreamName::Workers] {
            self.purge_stream(stream).await?;
        }
        Ok(())
    }

    async fn purge_stream(&self, stream: StreamName) -> anyhow::Result<()> {
        let keep = i64::try_from(self.keep.as_micros())?;
        let before = (self.clock)().micros().saturating_sub(keep);
        let archived = self.archive.mark_before(stream, before).await?;
        let tail = self.archive.tail(stream).await?;
        let (Some(archived), Some(tail)) = (archived, tail) else { return Ok(()) };
        let identity = self.streams.identity(stream).await?;
        // Sequences of a stream that was made anew are not those of the one that is archived.
        let same = tail.created == identity.created.micros() && tail.epoch == archived.epoch;
        let sequence = archived.sequence.min(tail.sequence);
        if same && identity.first <= sequence {
            self.streams.purge(stream, sequence).await?;
        }
        Ok(())
    }
}
