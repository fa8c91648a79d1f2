//! Questions asked of the log: pure folds, the tables they own, the statements that read them.

pub mod catalog;
pub mod columns;
pub mod projection;
pub mod statement;
pub mod table;

pub use catalog::Catalog;
pub use projection::{Projection, Recorded};
pub use statement::Statement;

/// Every projection that lies in tables.
pub const fn all() -> &'static [&'static dyn Projection] {
    &[]
}

/// Every reading statement.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    std::iter::empty()
}
