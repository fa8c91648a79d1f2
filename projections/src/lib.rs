//! Questions asked of the log: pure folds, the tables they own, the statements that read them.

pub mod catalog;
pub mod columns;
pub mod projection;
pub mod requests;
pub mod statement;
#[cfg(test)]
mod story;
pub mod table;
pub mod totals;
pub mod usage_by_hour;

pub use catalog::Catalog;
pub use projection::{Projection, Recorded};
pub use statement::Statement;

/// Every projection that lies in tables.
pub const fn all() -> &'static [&'static dyn Projection] {
    &[&requests::Requests, &usage_by_hour::UsageByHour]
}

/// Every reading statement.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    [&requests::ONE, &requests::NEWEST, &requests::NEWEST_OF_PROJECT, &requests::UNSETTLED]
        .into_iter()
}
