//! What a projection is: a table, which row an event touches, and what the event makes of that row.
//!
//! Pure: no clock, no call, no other projection's table, no SQL. The projector loads the rows that a batch
//! touches, folds the batch in memory and writes each row once, in the transaction that moves the
//! projection's checkpoint. It folds only events that are marked effective, in the order of their `pos`, each
//! once: a fold need not guard against a repeated id or a second `settled`. It may still see the events of one
//! request in any order, or not see `accepted` and `assigned` at all, because gateways do not wait for those.
//!
//! To write one, implement [`Fold`] with a typed row, and name the projection in [`crate::all`].

use uplion_domain::Envelope;

use crate::{
    columns::Columns,
    table::{Key, Row, Table},
};

/// An event at its place in the archive.
///
/// The place is the archive's own and orders what is folded; no row holds it: after a restore the same events may have
/// other places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Dense over both streams, from 1; the same in every rebuild.
    pub pos: u64,
    pub envelope: Envelope,
}

/// A projection, as the projector and the stores see it.
pub trait Projection: Send + Sync {
    /// Also the name of its checkpoint.
    fn name(&self) -> &'static str;

    /// A new version has a table of its own, filled from the archive while the old one serves.
    fn version(&self) -> u32;

    fn table(&self) -> &'static Table;

    /// Whether events of this type may touch it. Of types that this version cannot read, only the name tells.
    fn reads(&self, kind: &str) -> bool;

    /// The row that the event touches; none if the projection does not care.
    fn key(&self, event: &Recorded) -> Option<Key>;

    /// The row after the event; none deletes it. `row` is what stands under [`Projection::key`] of the event.
    ///
    /// # Panics
    /// If `row` is not one of the table's: somebody else changed the table.
    fn fold(&self, row: Option<Row>, event: &Recorded) -> Option<Row>;
}

/// A projection with a typed row: what one writes. Every `Fold` is a [`Projection`].
pub trait Fold: Send + Sync {
    const NAME: &'static str;
    const VERSION: u32;
    const TABLE: &'static Table;
    /// How the names of the types begin that may touch it, behind `uplion.`.
    const READS: &'static [&'static str];
    type Row: TypedRow;

    fn key_of(event: &Recorded) -> Option<Key>;

    /// Called only for events that have a key.
    fn fold_row(row: Option<Self::Row>, event: &Recorded) -> Option<Self::Row>;
}

/// A struct with one field for each column of a table or of a statement's answer.
pub trait TypedRow: Sized {
    /// # Panics
    /// If a value is not of its column's kind.
    fn from_columns(columns: &mut Columns) -> Self;

    fn into_row(self) -> Row;

    /// # Panics
    /// If the row does not have exactly this struct's columns.
    fn from_row(row: Row) -> Self {
        let mut columns = Columns::new(row);
        let typed = Self::from_columns(&mut columns);
        columns.end();
        typed
    }
}

impl<F: Fold> Projection for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn version(&self) -> u32 {
        F::VERSION
    }

    fn table(&self) -> &'static Table {
        F::TABLE
    }

    fn reads(&self, kind: &str) -> bool {
        // What is no name of ours may be anything.
        kind.strip_prefix("uplion.")
            .is_none_or(|kind| F::READS.iter().any(|it| kind.starts_with(it)))
    }

    fn key(&self, event: &Recorded) -> Option<Key> {
        F::key_of(event)
    }

    fn fold(&self, row: Option<Row>, event: &Recorded) -> Option<Row> {
        F::fold_row(row.map(F::Row::from_row), event).map(F::Row::into_row)
    }
}
