//! The register of projections: which tables are theirs, and how far each has come.

use std::collections::HashMap;

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::{Row, types::ToSql};

use crate::{
    StoreError,
    number::{signed, small, unsigned},
    rows::{Copy, Projected},
    table_copies::{Registered, TableCopy},
};

const LOAD: &str = "SELECT live_copy, live_version, live_pos, halted,
    rebuild_copy, rebuild_version, rebuild_pos FROM projections WHERE name = $1";

pub async fn load(
    client: &impl GenericClient,
    name: &str,
) -> Result<Option<Registered>, StoreError> {
    find(client, LOAD, name).await
}

/// As it is, and as it stays until the transaction ends unless this transaction changes it.
pub async fn lock(
    transaction: &Transaction<'_>,
    name: &str,
) -> Result<Option<Registered>, StoreError> {
    find(transaction, &format!("{LOAD} FOR UPDATE"), name).await
}

async fn find(
    client: &impl GenericClient,
    sql: &str,
    name: &str,
) -> Result<Option<Registered>, StoreError> {
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&name]).await?;
    row.as_ref().map(registered).transpose()
}

fn registered(row: &Row) -> Result<Registered, StoreError> {
    let place = |table, version, pos| TableCopy { table, version, pos };
    let rebuild: Option<String> = row.try_get(4)?;
    let rebuild = match rebuild {
        Some(table) => Some(place(table, small(row.try_get(5)?), unsigned(row.try_get(6)?))),
        None => None,
    };
    let live = place(row.try_get(0)?, small(row.try_get(1)?), unsigned(row.try_get(2)?));
    Ok(Registered { live, halted: row.try_get(3)?, rebuild })
}

pub async fn save(
    transaction: &Transaction<'_>,
    projected: Projected,
    registered: &Registered,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO projections VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (name) DO UPDATE SET read_as = $2, live_copy = $3, live_version = $4,
        live_pos = $5, halted = $6, rebuild_copy = $7, rebuild_version = $8, rebuild_pos = $9";
    let Registered { live, halted, rebuild } = registered;
    let row: [&(dyn ToSql + Sync); 9] = [
        &projected.name,
        &projected.table.name,
        &live.table,
        &i64::from(live.version),
        &signed(live.pos),
        halted,
        &rebuild.as_ref().map(|place| &place.table),
        &rebuild.as_ref().map(|place| i64::from(place.version)),
        &rebuild.as_ref().map(|place| signed(place.pos)),
    ];
    execute(transaction, SQL, &row).await
}

pub async fn advance(
    transaction: &Transaction<'_>,
    name: &str,
    copy: Copy,
    pos: u64,
) -> Result<(), StoreError> {
    let sql = match copy {
        Copy::Live => "UPDATE projections SET live_pos = $1 WHERE name = $2",
        Copy::Rebuild => "UPDATE projections SET rebuild_pos = $1 WHERE name = $2",
    };
    execute(transaction, sql, &[&signed(pos), &name]).await
}

pub async fn halt(
    client: &impl GenericClient,
    name: &str,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE projections SET halted = $1 WHERE name = $2";
    execute(client, SQL, &[&reason, &name]).await
}

pub async fn forget_rebuild(transaction: &Transaction<'_>, name: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE projections
        SET rebuild_copy = NULL, rebuild_version = NULL, rebuild_pos = NULL WHERE name = $1";
    execute(transaction, SQL, &[&name]).await
}

/// The live copies by the names under which statements know them.
pub async fn live_tables(
    client: &impl GenericClient,
) -> Result<HashMap<String, String>, StoreError> {
    let statement = client.prepare_cached("SELECT read_as, live_copy FROM projections").await?;
    let rows = client.query(&statement, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn execute(
    client: &impl GenericClient,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<(), StoreError> {
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, parameters).await?;
    Ok(())
}
