//! How the log is just now: its streams and how much of each is archived, the projections, and where all of it is kept.
//! Told by the API, and counted for whoever watches.

use std::time::Duration;

use tokio::time::timeout;
use uplion_domain::Timestamp;
use uplion_log_store::{StoreError, continuity, quarantine::Count, rows::Copy};
use uplion_log_transport::stream::{Entry, Identity, ReadError, Storage, StreamName};

use crate::{reading::Reader, write::now};

/// A broker that does not answer by then is reported as not answering.
const PATIENCE: Duration = Duration::from_secs(2);

/// A stream, and how much of it is archived.
#[derive(Debug)]
pub struct StreamState {
    pub name: StreamName,
    /// Otherwise why the broker did not say.
    pub identity: Result<Identity, String>,
    pub archived_epoch: Option<u32>,
    /// Up to which the archive holds it.
    pub archived: u64,
    /// Why the archive cannot go on with it.
    pub halted: Option<String>,
    /// When the oldest message came that is not archived yet.
    pub behind_since: Option<Timestamp>,
    /// Messages that are none of ours, set aside.
    pub quarantined: Count,
}

#[derive(Debug)]
pub struct ProjectionState {
    pub name: &'static str,
    pub version: u32,
    /// None if no projector ever ran.
    pub live_version: Option<u32>,
    /// Events of the archive that are not in it yet.
    pub lag: u64,
    /// When the oldest of them happened.
    pub behind_since: Option<Timestamp>,
    pub halted: Option<String>,
}

impl StreamState {
    /// Messages that are not archived yet.
    pub fn lag(&self) -> Option<u64> {
        let identity = self.identity.as_ref().ok()?;
        Some(match self.halted {
            // Sequences of another stream are not counted in those of the archived one.
            Some(_) => (identity.last + 1).saturating_sub(identity.first),
            None => identity.last.saturating_sub(self.archived),
        })
    }
}

/// How long ago, in seconds; nothing for what lies ahead.
pub fn seconds_since(since: Option<Timestamp>) -> Option<f64> {
    let micros = now().micros().saturating_sub(since?.micros()).max(0);
    Some(Duration::from_micros(micros.unsigned_abs()).as_secs_f64())
}

impl Reader {
    pub async fn stream_state(&self, name: StreamName) -> Result<StreamState, StoreError> {
        let tail = self.archive.tail(name).await?;
        let identity = answered(name, self.streams.identity(name)).await;
        let mut state = StreamState {
            name,
            archived_epoch: tail.map(|tail| tail.epoch),
            archived: tail.map_or(0, |tail| tail.sequence),
            halted: None,
            behind_since: None,
            quarantined: self.quarantine.count(name).await?,
            identity,
        };
        if let Ok(identity) = &state.identity {
            let continues = continuity::check(name, tail, identity);
            state.halted = continues.err().map(|why| why.to_string());
        }
        if state.lag().is_some_and(|lag| lag > 0) {
            state.behind_since = self.oldest_unarchived(&state).await;
        }
        Ok(state)
    }

    async fn oldest_unarchived(&self, state: &StreamState) -> Option<Timestamp> {
        let StreamState { name, identity, archived, halted, .. } = state;
        let first = identity.as_ref().ok()?.first;
        let next = if halted.is_some() { first } else { archived + 1 };
        let found = answered(*name, self.streams.get(*name, next)).await.ok()?;
        found.first().map(Entry::appended_at)
    }

    pub async fn storage(&self) -> Result<Storage, String> {
        answered(StreamName::Traffic, self.streams.storage()).await
    }

    /// All of them; `head` is the archive's.
    pub async fn projection_states(&self, head: u64) -> Result<Vec<ProjectionState>, StoreError> {
        let mut states = Vec::new();
        for projection in uplion_projections::all() {
            let live = self.rows.checkpoint(projection.name(), Copy::Live).await?;
            let pos = live.as_ref().map_or(0, |live| live.pos);
            let lag = head.saturating_sub(pos);
            let oldest = if lag > 0 { self.archive.read(pos, 1, false).await? } else { Vec::new() };
            states.push(ProjectionState {
                name: projection.name(),
                version: projection.version(),
                live_version: live.as_ref().map(|live| live.version),
                lag,
                behind_since: oldest.first().map(|archived| archived.event.at),
                halted: live.and_then(|live| live.halted),
            });
        }
        Ok(states)
    }
}

async fn answered<T>(
    stream: StreamName,
    asked: impl Future<Output = Result<T, ReadError>>,
) -> Result<T, String> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => {
            Err(format!("stream {stream} does not answer: the broker is away, or no leader has it"))
        }
    }
}
