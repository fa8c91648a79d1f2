//! How far the archive and the projections are behind the log.

use uplion_log_store::{
    Store, StoreError,
    rows::{Checkpoint, Copy},
};
use uplion_log_transport::{
    Log,
    stream::{Identity, ReadError, StreamName},
};

#[derive(Debug, Clone)]
pub struct Lag {
    pub streams: Vec<StreamLag>,
    /// The archive's newest `pos`.
    pub head: u64,
    pub projections: Vec<ProjectionLag>,
}

#[derive(Debug, Clone)]
pub struct StreamLag {
    pub stream: StreamName,
    /// The reason if the stream cannot be asked.
    pub identity: Result<Identity, ReadError>,
    /// Sequence of the newest archived event.
    pub archived: u64,
}

#[derive(Debug, Clone)]
pub struct ProjectionLag {
    pub name: &'static str,
    pub version: u32,
    /// None before the projector first ran.
    pub checkpoint: Option<Checkpoint>,
}

pub async fn lag(log: &Log, store: &Store) -> Result<Lag, StoreError> {
    let mut streams = Vec::new();
    for stream in StreamName::ALL {
        let archived = store.archive.tail(stream).await?.map_or(0, |tail| tail.sequence);
        streams.push(StreamLag { stream, identity: log.streams.identity(stream).await, archived });
    }
    let mut projections = Vec::new();
    for projection in uplion_projections::all() {
        let (name, version) = (projection.name(), projection.version());
        let checkpoint = store.rows.checkpoint(name, Copy::Live).await?;
        projections.push(ProjectionLag { name, version, checkpoint });
    }
    Ok(Lag { streams, head: store.archive.head().await?, projections })
}
