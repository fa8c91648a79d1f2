//! How the log is: its streams, the archive, the projections, and what lags behind what.

use std::{sync::Arc, time::Duration};

use poem_openapi::{Object, OpenApi, payload::Json};
use uplion_log_store::lease::Leases;
use uplion_log_transport::stream::{Storage, StreamName};

use super::{Tag, processes::ProcessView};
use crate::{
    auth::Auth,
    caller::Target,
    log_state::{self, ProjectionState, StreamState},
    permissions::Action,
    presence::Roll,
    problem::Problem,
    reading::Reader,
    write::Writer,
};

/// Taken and given back to see whether the database takes writes; nobody holds it for more than a moment.
const WRITE_CHECK: &str = "write-check";
const WRITE_CHECK_LASTS: Duration = Duration::from_secs(1);

pub struct Health {
    pub reader: Reader,
    pub writer: Writer,
    pub leases: Arc<dyn Leases>,
    pub roll: Roll,
}

#[derive(Debug, Object)]
struct LogHealth {
    /// Of control.
    version: String,
    /// By control's clock.
    now: String,
    streams: Vec<StreamHealth>,
    storage: StorageHealth,
    database: DatabaseHealth,
    archive: ArchiveHealth,
    projections: Vec<ProjectionHealth>,
    relay: RelayHealth,
    /// Who is there; null while that is not known.
    processes: Option<Vec<ProcessView>>,
}

/// A stream, and how much of it is archived. Null in what the broker did not say.
#[derive(Debug, Object)]
struct StreamHealth {
    name: String,
    /// Why the broker did not answer.
    trouble: Option<String>,
    epoch: Option<u32>,
    created_at: Option<String>,
    /// Of the oldest message still held.
    first: Option<u64>,
    /// Of the newest message.
    last: Option<u64>,
    bytes: Option<u64>,
    max_bytes: Option<u64>,
    archived_epoch: Option<u32>,
    /// Up to which the archive holds it.
    archived: u64,
    /// Messages that are not archived yet.
    lag: Option<u64>,
    /// For how long the oldest of them has been there.
    lag_seconds: Option<f64>,
    /// Why the archive cannot go on with it.
    halted: Option<String>,
    /// Messages that are none of ours, set aside until somebody has looked at them: `uplion log quarantine list`.
    quarantined: u64,
}

/// Where the streams are kept. Null in what cannot be told.
#[derive(Debug, Object)]
struct StorageHealth {
    /// Why the broker did not answer.
    trouble: Option<String>,
    used_bytes: Option<u64>,
    /// What all streams together may come to hold.
    reserved_bytes: Option<u64>,
    /// What they may come to hold at most; null also where the broker sets no limit.
    max_bytes: Option<u64>,
    /// Of the disk.
    disk_free_bytes: Option<u64>,
    disk_total_bytes: Option<u64>,
}

#[derive(Debug, Object)]
struct DatabaseHealth {
    /// Why it takes no writes.
    trouble: Option<String>,
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
    /// How long ago the oldest of them happened.
    lag_seconds: Option<f64>,
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
            streams.push(StreamHealth::of(&self.reader.stream_state(name).await?));
        }
        let storage = StorageHealth::of(self.reader.storage().await);
        let head = self.reader.archive.head().await?;
        let projections = self.reader.projection_states(head).await?;
        Ok(Json(LogHealth {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: crate::write::now().to_string(),
            streams,
            storage,
            database: self.database().await,
            archive: ArchiveHealth { head },
            projections: projections.into_iter().map(ProjectionHealth::of).collect(),
            relay: self.relay().await?,
            processes: self.roll.all().as_deref().map(ProcessView::all),
        }))
    }
}

impl Health {
    async fn database(&self) -> DatabaseHealth {
        let holder = uuid::Uuid::now_v7().simple().to_string();
        let written = match self.leases.take(WRITE_CHECK, &holder, WRITE_CHECK_LASTS).await {
            Ok(Some(lease)) => self.leases.release(&lease).await,
            // Somebody else looks at the same moment.
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        DatabaseHealth { trouble: written.err().map(|error| error.to_string()) }
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
    fn of(state: &StreamState) -> Self {
        let identity = state.identity.as_ref().ok();
        Self {
            name: state.name.to_string(),
            trouble: state.identity.as_ref().err().cloned(),
            epoch: identity.map(|identity| identity.epoch),
            created_at: identity.map(|identity| identity.created.to_string()),
            first: identity.map(|identity| identity.first),
            last: identity.map(|identity| identity.last),
            bytes: identity.map(|identity| identity.bytes),
            max_bytes: identity.map(|identity| identity.max_bytes),
            archived_epoch: state.archived_epoch,
            archived: state.archived,
            lag: state.lag(),
            lag_seconds: log_state::seconds_since(state.behind_since),
            halted: state.halted.clone(),
            quarantined: state.quarantined.kept,
        }
    }
}

impl StorageHealth {
    fn of(storage: Result<Storage, String>) -> Self {
        let (storage, trouble) = match storage {
            Ok(storage) => (Some(storage), None),
            Err(trouble) => (None, Some(trouble)),
        };
        let disk = storage.and_then(|storage| storage.disk);
        Self {
            trouble,
            used_bytes: storage.map(|storage| storage.used),
            reserved_bytes: storage.map(|storage| storage.reserved),
            max_bytes: storage.and_then(|storage| storage.max),
            disk_free_bytes: disk.map(|disk| disk.free),
            disk_total_bytes: disk.map(|disk| disk.total),
        }
    }
}

impl ProjectionHealth {
    fn of(state: ProjectionState) -> Self {
        let ProjectionState { name, version, live_version, lag, behind_since, halted } = state;
        let lag_seconds = log_state::seconds_since(behind_since);
        Self { name: name.to_owned(), version, live_version, lag, lag_seconds, halted }
    }
}
