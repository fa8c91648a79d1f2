//! How the log is: its streams, the archive, the projections, and what lags behind what.

use std::time::Duration;

use poem_openapi::{Object, OpenApi, payload::Json};
use tokio::time::timeout;
use uplion_log_store::rows::Copy;
use uplion_log_transport::stream::{Identity, StreamName};

use super::Tag;
use crate::{
    auth::Auth, caller::Target, permissions::Action, problem::Problem, reading::Reader,
    write::Writer,
};

/// A broker that does not answer by then is reported as not answering.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Health {
    pub reader: Reader,
    pub writer: Writer,
}

#[derive(Debug, Object)]
struct LogHealth {
    /// Of control.
    version: String,
    streams: Vec<StreamHealth>,
    archive: ArchiveHealth,
    projections: Vec<ProjectionHealth>,
    relay: RelayHealth,
}

/// A stream, and how much of it is archived. Null in what the broker did not say.
#[derive(Debug, Object)]
struct StreamHealth {
    name: String,
    /// Why the broker did not answer.
    trouble: Option<String>,
    epoch: Option<u32>,
    created_at: Option<String>,
    /// Of the oldest event still held.
    first: Option<u64>,
    /// Of the newest event.
    last: Option<u64>,
    bytes: Option<u64>,
    max_bytes: Option<u64>,
    archived_epoch: Option<u32>,
    /// Up to which the archive holds it.
    archived: u64,
    /// Events that are not archived yet.
    lag: Option<u64>,
}

#[derive(Debug, Object)]
struct ArchiveHealth {
    /// Events in it.
    head: u64,
}

#[derive(Debug, Object)]
struct ProjectionHealth {
    name: String,
    /// The version that this build of control reads.
    version: u32,
    /// The version that is live; null if no projector ever ran.
    live_version: Option<u32>,
    /// Events of the archive that are not in it yet.
    lag: u64,
    /// Why it stands still.
    halted: Option<String>,
}

#[derive(Debug, Object)]
struct RelayHealth {
    /// Changes of the control plane that are recorded.
    recorded: u64,
    /// Those that are on the log; null if that cannot be told.
    published: Option<u64>,
    lag: Option<u64>,
    /// Why nothing is published.
    trouble: Option<String>,
}

#[OpenApi(tag = "Tag::Log")]
impl Health {
    /// How the log is
    #[oai(path = "/log", method = "get", operation_id = "get_log_health")]
    async fn log(&self, auth: Auth) -> Result<Json<LogHealth>, Problem> {
        auth.0.may(Action::GetLogHealth, Target::Installation)?;
        let mut streams = Vec::new();
        for name in StreamName::ALL {
            streams.push(self.stream(name).await?);
        }
        let head = self.reader.archive.head().await?;
        Ok(Json(LogHealth {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            streams,
            archive: ArchiveHealth { head },
            projections: self.projections(head).await?,
            relay: self.relay().await?,
        }))
    }
}

impl Health {
    async fn stream(&self, name: StreamName) -> Result<StreamHealth, Problem> {
        let tail = self.reader.archive.tail(name).await?;
        let archived = tail.map_or(0, |tail| tail.sequence);
        let mut health = StreamHealth {
            name: name.to_string(),
            trouble: None,
            epoch: None,
            created_at: None,
            first: None,
            last: None,
            bytes: None,
            max_bytes: None,
            archived_epoch: tail.map(|tail| tail.epoch),
            archived,
            lag: None,
        };
        match timeout(PATIENCE, self.reader.streams.identity(name)).await {
            Ok(Ok(identity)) => health.add(&identity),
            Ok(Err(error)) => health.trouble = Some(error.to_string()),
            Err(_) => health.trouble = Some(format!("stream {name} does not answer")),
        }
        Ok(health)
    }

    async fn projections(&self, head: u64) -> Result<Vec<ProjectionHealth>, Problem> {
        let mut projections = Vec::new();
        for projection in uplion_projections::all() {
            let live = self.reader.rows.checkpoint(projection.name(), Copy::Live).await?;
            let pos = live.as_ref().map_or(0, |live| live.pos);
            projections.push(ProjectionHealth {
                name: projection.name().to_owned(),
                version: projection.version(),
                live_version: live.as_ref().map(|live| live.version),
                lag: head.saturating_sub(pos),
                halted: live.and_then(|live| live.halted),
            });
        }
        Ok(projections)
    }

    async fn relay(&self) -> Result<RelayHealth, Problem> {
        let recorded = self.writer.events.head().await?;
        let published = self.writer.publication.published_up_to();
        let lag = published.map(|published| recorded.saturating_sub(published));
        let trouble = self.writer.publication.relay.trouble();
        Ok(RelayHealth { recorded, published, lag, trouble })
    }
}

impl StreamHealth {
    fn add(&mut self, identity: &Identity) {
        let Identity { created, epoch, first, last, bytes, max_bytes } = identity;
        self.created_at = Some(created.to_string());
        self.epoch = Some(*epoch);
        self.first = Some(*first);
        self.last = Some(*last);
        self.bytes = Some(*bytes);
        self.max_bytes = Some(*max_bytes);
        self.lag = Some(last.saturating_sub(self.archived));
    }
}
