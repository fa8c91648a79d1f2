//! The register of projections: which tables are theirs, and how far each has come.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{
    StoreError,
    number::{signed, small, unsigned},
    rows::{Copy, Projected},
    sqlite::connection::{execute, select, select_one},
    table_copies::{Registered, TableCopy},
};

pub fn load(connection: &Connection, name: &str) -> Result<Option<Registered>, StoreError> {
    const SQL: &str = "SELECT live_copy, live_version, live_pos, halted,
        rebuild_copy, rebuild_version, rebuild_pos FROM projections WHERE name = ?";
    select_one(connection, SQL, [name], |row| {
        let rebuild: Option<String> = row.get(4)?;
        let place = |table, version, pos| TableCopy { table, version, pos };
        let rebuild = match rebuild {
            Some(table) => Some(place(table, small(row.get(5)?), unsigned(row.get(6)?))),
            None => None,
        };
        let live = place(row.get(0)?, small(row.get(1)?), unsigned(row.get(2)?));
        Ok(Registered { live, halted: row.get(3)?, rebuild })
    })
}

pub fn save(
    connection: &Connection,
    projected: Projected,
    registered: &Registered,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO projections VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (name) DO UPDATE SET read_as = ?2, live_copy = ?3, live_version = ?4,
        live_pos = ?5, halted = ?6, rebuild_copy = ?7, rebuild_version = ?8, rebuild_pos = ?9";
    let Registered { live, halted, rebuild } = registered;
    let row = (
        projected.name,
        projected.table.name,
        &live.table,
        live.version,
        signed(live.pos),
        halted,
        rebuild.as_ref().map(|place| &place.table),
        rebuild.as_ref().map(|place| place.version),
        rebuild.as_ref().map(|place| signed(place.pos)),
    );
    execute(connection, SQL, row).map(drop)
}

pub fn advance(
    connection: &Connection,
    name: &str,
    copy: Copy,
    pos: u64,
) -> Result<(), StoreError> {
    let sql = match copy {
        Copy::Live => "UPDATE projections SET live_pos = ? WHERE name = ?",
        Copy::Rebuild => "UPDATE projections SET rebuild_pos = ? WHERE name = ?",
    };
    execute(connection, sql, (signed(pos), name)).map(drop)
}

pub fn halt(connection: &Connection, name: &str, reason: Option<&str>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE projections SET halted = ? WHERE name = ?";
    execute(connection, SQL, (reason, name)).map(drop)
}

pub fn forget_rebuild(connection: &Connection, name: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE projections
        SET rebuild_copy = NULL, rebuild_version = NULL, rebuild_pos = NULL WHERE name = ?";
    execute(connection, SQL, [name]).map(drop)
}

/// The live copies by the names under which statements know them.
pub fn live_tables(connection: &Connection) -> Result<HashMap<String, String>, StoreError> {
    let sql = "SELECT read_as, live_copy FROM projections";
    let tables = select(connection, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tables.into_iter().collect())
}
