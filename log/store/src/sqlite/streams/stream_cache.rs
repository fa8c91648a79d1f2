//! What is known of each stream without asking the file, as of the last commit.

use rusqlite::{Connection, Row};
use tokio::sync::watch;
use uplion_domain::Timestamp;
use uplion_log_transport::stream::{Identity, ReadError, StreamName, StreamSpec};

use crate::{
    StoreError, clock,
    number::{signed, small, unsigned},
    sqlite::connection,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedStream {
    pub created: i64,
    pub epoch: u32,
    pub first: u64,
    pub last: u64,
    pub bytes: u64,
    pub max_bytes: u64,
    pub dedup_micros: i64,
}

/// The streams, for everybody who waits for them to change.
pub struct StreamCache {
    traffic: watch::Sender<Option<CachedStream>>,
    control: watch::Sender<Option<CachedStream>>,
    workers: watch::Sender<Option<CachedStream>>,
}

impl CachedStream {
    pub fn new(spec: &StreamSpec) -> Self {
        let first = spec.first_sequence.max(1);
        Self {
            created: clock::now_micros(),
            epoch: spec.epoch,
            first,
            last: first - 1,
            bytes: 0,
            max_bytes: spec.max_bytes,
            dedup_micros: dedup_micros(spec),
        }
    }

    pub fn adjust(&mut self, spec: &StreamSpec) {
        self.max_bytes = spec.max_bytes;
        self.dedup_micros = dedup_micros(spec);
    }

    pub fn identity(&self) -> Identity {
        let Self { created, epoch, first, last, bytes, max_bytes, dedup_micros: _ } = *self;
        let created = Timestamp::from_micros(created);
        Identity { created, epoch, first, last, bytes, max_bytes }
    }

    pub fn still_holds(&self, stream: StreamName, wanted: u64) -> Result<(), ReadError> {
        if wanted < self.first {
            return Err(ReadError::Purged { stream, wanted, first: self.first });
        }
        Ok(())
    }

    pub fn load(connection: &Connection, stream: StreamName) -> Result<Option<Self>, StoreError> {
        const SQL: &str = "SELECT created, epoch, first, last, bytes, max_bytes, dedup_micros FROM streams WHERE name = ?";
        connection::select_one(connection, SQL, [stream.as_str()], |row| Ok(Self::of(row)?))
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            created: row.get(0)?,
            epoch: small(row.get(1)?),
            first: unsigned(row.get(2)?),
            last: unsigned(row.get(3)?),
            bytes: unsigned(row.get(4)?),
            max_bytes: unsigned(row.get(5)?),
            dedup_micros: row.get(6)?,
        })
    }

    pub fn save(&self, connection: &Connection, stream: StreamName) -> Result<(), StoreError> {
        const SQL: &str = "INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let Self { created, epoch, first, last, bytes, max_bytes, dedup_micros } = *self;
        let counts = [first, last, bytes, max_bytes].map(signed);
        let [first, last, bytes, max_bytes] = counts;
        let row = (stream.as_str(), created, epoch, first, last, bytes, max_bytes, dedup_micros);
        connection::execute(connection, SQL, row).map(|_| ())
    }
}

fn dedup_micros(spec: &StreamSpec) -> i64 {
    i64::try_from(spec.dedup_window.as_micros()).unwrap_or(i64::MAX)
}

impl StreamCache {
    pub fn load(connection: &Connection) -> Result<Self, StoreError> {
        let load = |stream| CachedStream::load(connection, stream).map(watch::Sender::new);
        Ok(Self {
            traffic: load(StreamName::Traffic)?,
            control: load(StreamName::Control)?,
            workers: load(StreamName::Workers)?,
        })
    }

    pub const fn of(&self, stream: StreamName) -> &watch::Sender<Option<CachedStream>> {
        match stream {
            StreamName::Traffic => &self.traffic,
            StreamName::Control => &self.control,
            StreamName::Workers => &self.workers,
        }
    }
}
