//! Takes from TRAFFIC what has been in the archive for long enough. What is not archived stays, however old.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use uplion_log_store::archive::Archive;
use uplion_log_transport::stream::{StreamName, Streams};

use crate::Clock;

const EVERY: Duration = Duration::from_mins(1);

pub async fn run(
    streams: Arc<dyn Streams>,
    archive: Arc<dyn Archive>,
    clock: Clock,
    keep: Duration,
    stop: CancellationToken,
) {
    loop {
        if let Err(error) = purge(streams.as_ref(), archive.as_ref(), clock, keep).await {
            tracing::warn!(error = format!("{error:#}"), "projector.purge");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn purge(
    streams: &dyn Streams,
    archive: &dyn Archive,
    clock: Clock,
    keep: Duration,
) -> anyhow::Result<()> {
    let before = clock().micros().saturating_sub(i64::try_from(keep.as_micros())?);
    let Some(sequence) = archive.archived_before(StreamName::Traffic, before).await? else {
        return Ok(());
    };
    if streams.identity(StreamName::Traffic).await?.first <= sequence {
        streams.purge(StreamName::Traffic, sequence).await?;
    }
    Ok(())
}
