//! The rows of projections on `SQLite`.
//!
//! A batch is folded outside of the writing thread, on a snapshot; its write is refused if the checkpoint moved
//! meanwhile, and only a batch moves it.

mod register;
pub mod table;

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;
use uplion_projections::{
    Statement,
    table::{Key, Row, Value},
};

use super::{connection, readers::Readers, writer::Writer};
use crate::{
    StoreError,
    number::limit,
    rows::{AdvanceError, Checkpoint, Copy, Fold, Projected, Rows},
    table_copies::{self, Registered, TableCopy},
};

pub struct SqliteRows {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

impl SqliteRows {
    pub const fn new(writer: Arc<Writer>, readers: Arc<Readers>) -> Self {
        Self { writer, readers }
    }
}

#[async_trait]
impl Rows for SqliteRows {
    async fn ensure(&self, projected: Projected) -> Result<Checkpoint, StoreError> {
        self.writer.write(move |connection| ensure(connection, projected)).await
    }

    async fn checkpoint(&self, name: &str, copy: Copy) -> Result<Option<Checkpoint>, StoreError> {
        let name = name.to_owned();
        let registered = self.readers.read(move |connection| register::load(connection, &name));
        Ok(registered.await?.and_then(|registered| registered.checkpoint(copy)))
    }

    async fn advance(
        &self,
        projected: Projected,
        copy: Copy,
        from: u64,
        to: u64,
        keys: &[Key],
        fold: Fold<'_>,
    ) -> Result<(), AdvanceError> {
        let wanted = keys.to_vec();
        let load = move |connection: &Connection| {
            let Some(place) = at(connection, projected, copy, from)? else { return Ok(None) };
            table::load(connection, projected.table, &place.table, &wanted).map(Some)
        };
        let Some(loaded) = self.readers.read(load).await? else {
            return Err(AdvanceError::Moved(projected.name));
        };
        let Some(folded) = fold(loaded.clone()) else {
            return Err(AdvanceError::CalledOff(projected.name));
        };
        let keys = keys.to_vec();
        let write = move |connection: &Connection| {
            let Some(place) = at(connection, projected, copy, from)? else {
                return Err(AdvanceError::Moved(projected.name));
            };
            let changes = table_copies::changes(&loaded, &folded)?;
            table::write(connection, projected.table, &place.table, &keys, &changes)?;
            Ok(register::advance(connection, projected.name, copy, to)?)
        };
        self.writer.write(write).await
    }

    async fn halt(&self, name: &str, reason: Option<&str>) -> Result<(), StoreError> {
        let (name, reason) = (name.to_owned(), reason.map(ToOwned::to_owned));
        let halt =
            move |connection: &Connection| register::halt(connection, &name, reason.as_deref());
        self.writer.write(halt).await
    }

    async fn start_rebuild(&self, projected: Projected) -> Result<(), StoreError> {
        self.writer.write(move |connection| start_rebuild(connection, projected)).await
    }

    async fn swap(&self, projected: Projected) -> Result<bool, StoreError> {
        self.writer.write(move |connection| swap(connection, projected)).await
    }

    async fn drop_rebuild(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.writer.write(move |connection| drop_rebuild(connection, &name)).await
    }

    async fn differences(
        &self,
        projected: Projected,
        most: usize,
    ) -> Result<Option<Vec<Key>>, StoreError> {
        self.readers.read(move |connection| differences(connection, projected, most)).await
    }

    async fn query(
        &self,
        statement: &Statement,
        parameters: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        if !statement.takes(parameters) {
            return Err(StoreError::Refused(format!("{} takes other values", statement.name)));
        }
        let (statement, parameters) = (*statement, parameters.to_vec());
        self.readers
            .read(move |connection| {
                let live = register::live_tables(connection)?;
                table::query(connection, &statement, &parameters, &live)
            })
            .await
    }
}

fn ensure(connection: &Connection, projected: Projected) -> Result<Checkpoint, StoreError> {
    let registered = if let Some(registered) = register::load(connection, projected.name)? {
        registered
    } else {
        let table = table_copies::first(projected);
        table::create(connection, projected.table, &table)?;
        let live = TableCopy { table, version: projected.version, pos: 0 };
        let registered = Registered { live, halted: None, rebuild: None };
        register::save(connection, projected, &registered)?;
        registered
    };
    let Registered { live: TableCopy { version, pos, .. }, halted, .. } = registered;
    Ok(Checkpoint { version, pos, halted })
}

/// The copy, if it is in the version that is folded and at `from`.
fn at(
    connection: &Connection,
    projected: Projected,
    copy: Copy,
    from: u64,
) -> Result<Option<TableCopy>, StoreError> {
    let registered = register::load(connection, projected.name)?;
    let place = registered.and_then(|registered| registered.copy(copy).cloned());
    Ok(place.filter(|place| place.version == projected.version && place.pos == from))
}

fn start_rebuild(connection: &Connection, projected: Projected) -> Result<(), StoreError> {
    drop_rebuild(connection, projected.name)?;
    let registered = registered(connection, projected)?;
    let table = registered.beside(projected);
    table::create(connection, projected.table, &table)?;
    let rebuild = Some(TableCopy { table, version: projected.version, pos: 0 });
    register::save(connection, projected, &Registered { rebuild, ..registered })
}

fn swap(connection: &Connection, projected: Projected) -> Result<bool, StoreError> {
    let registered = registered(connection, projected)?;
    let Some(live) = registered.successor(projected).cloned() else { return Ok(false) };
    table::drop(connection, &registered.live.table)?;
    register::save(connection, projected, &Registered { live, halted: None, rebuild: None })?;
    Ok(true)
}

fn drop_rebuild(connection: &Connection, name: &str) -> Result<(), StoreError> {
    let rebuild = register::load(connection, name)?.and_then(|registered| registered.rebuild);
    if let Some(TableCopy { table, .. }) = rebuild {
        table::drop(connection, &table)?;
        register::forget_rebuild(connection, name)?;
    }
    Ok(())
}

fn differences(
    connection: &Connection,
    projected: Projected,
    most: usize,
) -> Result<Option<Vec<Key>>, StoreError> {
    let registered = registered(connection, projected)?;
    let Some((live, rebuild)) = registered.comparable(projected) else { return Ok(None) };
    let (live, rebuild) = (table::quoted(&live.table), table::quoted(&rebuild.table));
    let sql = table::numbered(&table_copies::differences(projected.table, &live, &rebuild));
    let kinds: Vec<_> = projected.table.key_columns().map(|column| column.kind).collect();
    let keys = connection::select(connection, &sql, [limit(most)], |row| table::row(row, &kinds))?;
    Ok(Some(keys))
}

fn registered(connection: &Connection, projected: Projected) -> Result<Registered, StoreError> {
    register::load(connection, projected.name)?.ok_or_else(|| {
        StoreError::Refused(format!("projection {} has no live copy yet", projected.name))
    })
}
