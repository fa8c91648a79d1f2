//! Where the copies of projections lie: two places a projection, one live, one for a rebuild beside it.

use uplion_projections::table::{Row, Table};

use crate::{
    StoreError,
    rows::{Checkpoint, Copy, Projected},
};

/// A line of the register of projections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub live: TableCopy,
    pub halted: Option<String>,
    pub rebuild: Option<TableCopy>,
}

/// A copy, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCopy {
    /// The table's name in the database.
    pub table: String,
    pub version: u32,
    pub pos: u64,
}

impl Registered {
    pub fn copy(&self, copy: Copy) -> Option<&TableCopy> {
        match copy {
            Copy::Live => Some(&self.live),
            Copy::Rebuild => self.rebuild.as_ref(),
        }
    }

    pub fn checkpoint(&self, copy: Copy) -> Option<Checkpoint> {
        let TableCopy { version, pos, .. } = *self.copy(copy)?;
        Some(Checkpoint { version, pos, halted: self.halted.clone() })
    }

    /// Both copies, if they can be told apart only by their rows.
    pub fn comparable(&self, projected: Projected) -> Option<(&TableCopy, &TableCopy)> {
        let rebuild = self.rebuild.as_ref()?;
        let same = self.live.version == projected.version && rebuild.version == projected.version;
        (same && rebuild.pos == self.live.pos).then_some((&self.live, rebuild))
    }

    /// The rebuild, if it may take the live copy's place.
    pub fn successor(&self, projected: Projected) -> Option<&TableCopy> {
        let rebuild = self.rebuild.as_ref()?;
        let ready = rebuild.version == projected.version && rebuild.pos == self.live.pos;
        ready.then_some(rebuild)
    }

    /// The name of a table that is not the live one.
    pub fn beside(&self, projected: Projected) -> String {
        let first = first(projected);
        if self.live.table == first { named(projected, 'b') } else { first }
    }
}

/// The name of the first table of a projection.
pub fn first(projected: Projected) -> String {
    named(projected, 'a')
}

/// With the version, so that a name always means the same columns.
fn named(projected: Projected, place: char) -> String {
    format!("{}_v{}_{place}", projected.table.name, projected.version)
}

/// The names of the columns, or of the key's, as a list.
pub fn columns(table: &Table) -> String {
    listed(table.columns.iter().map(|column| column.name))
}

pub fn key_columns(table: &Table) -> String {
    listed(table.key_columns().map(|column| column.name))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// The keys of rows that only one of two copies has.
pub fn differences(table: &Table, live: &str, rebuild: &str) -> String {
    let (keys, columns) = (key_columns(table), columns(table));
    let only_in = |one: &str, other: &str| {
        format!(
            "SELECT {keys} FROM (SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other}) AS missing"
        )
    };
    format!("{} UNION {} LIMIT $1", only_in(live, rebuild), only_in(rebuild, live))
}

/// Rows that a fold changed, and keys of those that it deleted.
pub struct Changes<'a> {
    pub written: Vec<&'a Row>,
    pub deleted: Vec<usize>,
}

/// What became of the rows that were loaded.
pub fn changes<'a>(
    loaded: &[Option<Row>],
    folded: &'a [Option<Row>],
) -> Result<Changes<'a>, StoreError> {
    if loaded.len() != folded.len() {
        return Err(StoreError::Refused("a fold must return as many rows as it was given".into()));
    }
    let mut changes = Changes { written: Vec::new(), deleted: Vec::new() };
    for (place, (before, after)) in loaded.iter().zip(folded).enumerate() {
        match after {
            Some(row) if before.as_ref() != Some(row) => changes.written.push(row),
            None if before.is_some() => changes.deleted.push(place),
            Some(_) | None => {}
        }
    }
    Ok(changes)
}
