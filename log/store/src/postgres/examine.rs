//! How a database is, asked without changing anything in it: not even its tables are brought up to date.

use super::pool::{Pool, USUAL, within};
use crate::StoreError;

/// What somebody who looks after it wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseState {
    pub version: String,
    pub bytes: u64,
    /// A replica, or a server that was told so.
    pub read_only: bool,
    /// Whether there are tables of ours in it.
    pub is_ours: bool,
}

pub async fn examine(url: &str) -> Result<DatabaseState, StoreError> {
    const SQL: &str =
        "SELECT current_setting('server_version'), pg_database_size(current_database()),
        pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
        to_regclass('archive_head') IS NOT NULL";
    let client = Pool::new(url)?.connect().await?;
    let row = within(USUAL, client.query_one(SQL, &[])).await??;
    let bytes: i64 = row.try_get(1)?;
    Ok(DatabaseState {
        version: row.try_get(0)?,
        bytes: u64::try_from(bytes).unwrap_or_default(),
        read_only: row.try_get(2)?,
        is_ours: row.try_get(3)?,
    })
}
