//! Connections to an `SQLite` file, and what its errors mean.

use std::{path::Path, time::Duration};

use refinery::Runner;
use rusqlite::{Connection, ErrorCode, Params, Row};

use crate::{StoreError, migration::refused};

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

/// What a loss of power may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRisk {
    /// The last commits, but never half of one.
    Recent,
    /// Nothing.
    Nothing,
}

pub fn open(path: &Path, at_risk: AtRisk) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match at_risk {
        AtRisk::Recent => "NORMAL",
        AtRisk::Nothing => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // What is deleted is overwritten with zeros. The streams hold nothing that may be erased, and delete a lot.
    connection.pragma_update(None, "secure_delete", at_risk == AtRisk::Nothing)?;
    // 16 MiB of pages, and a log that shrinks again after a large transaction.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

/// Has everything in the file itself, and the journal of length zero.
pub fn empty_journal(connection: &Connection) -> Result<(), StoreError> {
    const SQL: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy = connection.query_row(SQL, [], |row| row.get::<_, bool>(0))?;
    if busy {
        return Err(StoreError::Unavailable("somebody reads what the journal holds".into()));
    }
    Ok(())
}

/// One that cannot change anything.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, AtRisk::Recent)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

pub fn migrate(connection: &mut Connection, runner: &Runner) -> Result<(), StoreError> {
    match runner.run(connection) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(&error)),
    }
}

/// All rows that a statement finds. It is prepared once for each connection.
pub fn select<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row that a statement finds.
pub fn select_one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(read).transpose()
}

/// The number of rows that were changed.
pub fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(parameters)?)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let text = error.to_string();
        match code {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen,
            ) => Self::Unavailable(text),
            None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Unreadable(text)
            }
            Some(_) => Self::Refused(text),
        }
    }
}
