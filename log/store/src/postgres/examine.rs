//! How a database is, asked without changing anything in it: not even its tables are brought up to date.

use uplion_domain::Timestamp;
use uplion_log_transport::clock::{Offset, offset};

use super::{
    leases::NOW,
    pool::{Pool, USUAL, within},
};
use crate::{StoreError, clock::now_micros};

/// What somebody who looks after it wants to know.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseState {
    pub version: String,
    pub bytes: u64,
    /// A replica, or a server that was told so.
    pub read_only: bool,
    /// Whether there are tables of ours in it.
    pub is_ours: bool,
    /// By which its clock is another than this machine's.
    pub clock: Option<Offset>,
}

pub async fn examine(url: &str) -> Result<DatabaseState, StoreError> {
    const SQL: &str =
        "SELECT current_setting('server_version'), pg_database_size(current_database()),
        pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
        to_regclass('archive_head') IS NOT NULL";
    let client = Pool::new(url)?.connect().await?;
    let row = within(USUAL, client.query_one(SQL, &[])).await??;
    let asked =
        || async { within(USUAL, client.query_one(NOW, &[])).await?.map_err(StoreError::from) };
    let asked = || async { Ok(Some(Timestamp::from_micros(asked().await?.try_get(0)?))) };
    let ours = || Timestamp::from_micros(now_micros());
    let clock = offset::<StoreError, _>(ours, asked).await?;
    let bytes: i64 = row.try_get(1)?;
    Ok(DatabaseState {
        version: row.try_get(0)?,
        bytes: u64::try_from(bytes).unwrap_or_default(),
        read_only: row.try_get(2)?,
        is_ours: row.try_get(3)?,
        clock,
    })
}
