//! The rows of projections, each projection's checkpoint, rebuilds beside the live tables, and the statements that read.

use async_trait::async_trait;
use uplion_projections::{
    Statement,
    table::{Key, Row, Table, Value},
};

use crate::StoreError;

/// Which copy of a projection's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// Serves readers.
    Live,
    /// Is being filled from the archive, to take the live one's place.
    Rebuild,
}

/// A projection's table in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projected {
    pub name: &'static str,
    pub version: u32,
    pub table: &'static Table,
}

/// How far a copy has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub version: u32,
    /// All events up to and including it are folded in.
    pub pos: u64,
    /// Why it halted, if it did.
    pub halted: Option<String>,
}

/// The rows that a batch touches, and what becomes of them. Runs inside the transaction; must not block or panic.
/// `None` calls the transaction off: [`AdvanceError::CalledOff`], and the checkpoint stays.
pub type Fold<'a> = Box<dyn FnOnce(Vec<Option<Row>>) -> Option<Vec<Option<Row>>> + Send + 'a>;

#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// Somebody else folds this projection, or it was swapped: load the checkpoint again.
    #[error("projection {0} is no longer where this batch begins")]
    Moved(&'static str),
    #[error("the fold of projection {0} called its batch off")]
    CalledOff(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
pub trait Rows: Send + Sync {
    /// Makes the live table and its checkpoint (at 0) if they are not there, in the version given if there is none yet.
    /// Returns the live checkpoint, which may be of an older version: then rebuild.
    async fn ensure(&self, projected: Projected) -> Result<Checkpoint, StoreError>;

    async fn checkpoint(&self, name: &str, copy: Copy) -> Result<Option<Checkpoint>, StoreError>;

    /// One transaction: locks the checkpoint (which must be at `from`), loads the rows of `keys` in order, folds,
    /// writes each changed row once, deletes those that became none, moves the checkpoint to `to`.
    async fn advance(
        &self,
        projected: Projected,
        copy: Copy,
        from: u64,
        to: u64,
        keys: &[Key],
        fold: Fold<'_>,
    ) -> Result<(), AdvanceError>;

    /// Notes why a projection halted; `None` sets it going again.
    async fn halt(&self, name: &str, reason: Option<&str>) -> Result<(), StoreError>;

    /// An empty copy beside the live one, at 0. Drops an unfinished one.
    async fn start_rebuild(&self, projected: Projected) -> Result<(), StoreError>;

    /// The rebuild takes the live one's place if both are at the same pos; false if they are not (yet).
    async fn swap(&self, projected: Projected) -> Result<bool, StoreError>;

    /// Drops the copy that is not live.
    async fn drop_rebuild(&self, name: &str) -> Result<(), StoreError>;

    /// In one snapshot: rows that differ between the live copy and the rebuild, and whether both are at one pos.
    /// At most `most` differing keys.
    async fn differences(
        &self,
        projected: Projected,
        most: usize,
    ) -> Result<Option<Vec<Key>>, StoreError>;

    /// Runs a reading statement against the live tables. Refused if the parameters are not of the statement's kinds.
    async fn query(
        &self,
        statement: &Statement,
        parameters: &[Value],
    ) -> Result<Vec<Row>, StoreError>;
}
