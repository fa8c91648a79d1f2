//! The store and the streams of one process, in two `SQLite` files of a folder.
//!
//! Two files, because the projector writes long batches and an append must not wait for them. Each has one
//! writing thread, which puts all that waits for it into one transaction and answers after the commit.
//!
//! What was acknowledged survives the end of the process, however it ends. A loss of power can take the last moments
//! of the streams, as with one NATS server at its usual `sync_interval`: `synchronous` is `NORMAL` for them, because
//! syncing each commit would cost every request the time of a disk's flush. It is `FULL` for the store, so streams
//! only ever fall behind it, and take back from the archive what they lost.
//!
//! What the store deletes it overwrites with zeros, and whoever is forgotten leaves its journal at once.

mod archive;
mod connection;
mod event;
mod event_store;
mod folder;
mod leases;
mod people;
mod readers;
mod rows;
mod streams;
mod thread;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::Connection;
use uplion_log_transport::stream::Streams;

use self::{
    archive::SqliteArchive, connection::AtRisk, event_store::SqliteEventStore, folder::Folder,
    leases::SqliteLeases, people::SqlitePeople, readers::Readers, rows::SqliteRows,
    streams::SqliteStreams, writer::Writer,
};
use crate::{Store, StoreError, quarantine::Quarantine};

mod schema {
    pub mod store {
        refinery::embed_migrations!("src/sqlite/migrations/store");
    }
    pub mod streams {
        refinery::embed_migrations!("src/sqlite/migrations/streams");
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is in use by another uplion: stop it first", .0.display())]
    InUse(PathBuf),
    #[error("the folder {} cannot be used", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("{} is damaged: {advice}", file.display())]
    Damaged { file: PathBuf, advice: &'static str, source: StoreError },
    #[error(
        "{} cannot be used: make room on its disk and see that it may be written there, or name another folder with --data",
        file.display()
    )]
    Unusable { file: PathBuf, source: StoreError },
    #[error(transparent)]
    Store(#[from] StoreError),
}

const STORE_IS_DAMAGED: &str = "put back a copy of it, or move it away with its -wal and -shm: what \
    streams.db holds goes on, and people's names and passwords and older bills are lost";
const STREAMS_ARE_DAMAGED: &str = "put back a copy of it, or move it away with its -wal and -shm: all \
    that store.db holds goes on, and what was not archived yet is lost";

/// Opens what lies in the folder, or makes it. The folder is this process's until all that is returned is dropped.
pub fn open(data: &Path) -> Result<(Store, Arc<dyn Streams>), OpenError> {
    let folder = Arc::new(Folder::lock(data)?);
    let path = data.join("store.db");
    folder.file("store.db").map_err(|error| damaged(&path, STORE_IS_DAMAGED, error))?;
    let connection = open_store(&path).map_err(|error| damaged(&path, STORE_IS_DAMAGED, error))?;
    let streams = SqliteStreams::open(&folder, &connection)
        .map_err(|error| damaged(&data.join(streams::FILE), STREAMS_ARE_DAMAGED, error))?;
    let writer = Arc::new(Writer::start(connection, &folder));
    let readers = Arc::new(Readers::new(path, &folder));
    let events = SqliteEventStore::new(Arc::clone(&writer), Arc::clone(&readers));
    let archive = Arc::new(SqliteArchive::new(Arc::clone(&writer), Arc::clone(&readers)));
    let store = Store {
        events: Arc::new(events),
        people: Arc::new(SqlitePeople::new(Arc::clone(&readers))),
        quarantine: Arc::clone(&archive) as Arc<dyn Quarantine>,
        archive,
        rows: Arc::new(SqliteRows::new(Arc::clone(&writer), readers)),
        leases: Arc::new(SqliteLeases::new(writer)),
    };
    Ok((store, Arc::new(streams)))
}

fn open_store(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = connection::open(path, AtRisk::Nothing)?;
    connection::migrate(&mut connection, &schema::store::migrations::runner())?;
    event_store::mend_holders(&connection)?;
    leases::end_all(&connection)?;
    // Somebody may have been forgotten just before this was killed.
    connection::empty_journal(&connection)?;
    Ok(connection)
}

/// What cannot be read is a file that somebody must do something about.
fn damaged(file: &Path, advice: &'static str, error: StoreError) -> OpenError {
    match error {
        source @ StoreError::Unreadable(_) => {
            OpenError::Damaged { file: file.to_owned(), advice, source }
        }
        source @ StoreError::Unavailable(_) => {
            OpenError::Unusable { file: file.to_owned(), source }
        }
        error @ StoreError::Refused(_) => error.into(),
    }
}
