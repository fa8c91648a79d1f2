//! Questions asked of the log: pure folds, the tables they own, the statements that read them.
//!
//! One file a question; [`catalog`] is the one whose answer gateways and workers hold in memory.

pub mod admin_keys;
pub mod allowance;
pub mod api_keys;
pub mod catalog;
pub mod columns;
pub mod installation;
pub mod members;
pub mod models;
pub mod parameters;
pub mod prices;
pub mod pricing;
pub mod projection;
pub mod projects;
pub mod rejections;
#[cfg(test)]
mod request_timeline;
pub mod requests;
pub mod sessions;
pub mod statement;
pub mod table;
pub mod tokens_by_key;
pub mod totals;
pub mod usage_by_hour;
pub mod users;
pub mod workers;

pub use catalog::Catalog;
pub use projection::{Projection, Recorded};
pub use statement::Statement;

/// Every projection that lies in tables.
pub const fn all() -> &'static [&'static dyn Projection] {
    &[
        &requests::Requests,
        &usage_by_hour::UsageByHour,
        &tokens_by_key::TokensByKey,
        &workers::Workers,
        &projects::Projects,
        &members::Members,
        &users::Users,
        &sessions::Sessions,
        &admin_keys::AdminKeys,
        &api_keys::ApiKeys,
        &models::Models,
        &prices::Prices,
        &installation::Installations,
        &rejections::Rejections,
    ]
}

/// Every reading statement.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    [
        &requests::ONE,
        &requests::NEWEST,
        &requests::UNSETTLED,
        &requests::CHARGES,
        &requests::MARKED,
        &requests::MARKED_CHARGES,
        &usage_by_hour::GROUPED,
        &tokens_by_key::ONE,
        &workers::ONE,
        &workers::NEWEST,
        &projects::ONE,
        &projects::LIST,
        &projects::NAMES,
        &members::OF_PROJECT,
        &members::OF_USER,
        &users::ONE,
        &users::LIST,
        &sessions::LIST,
        &admin_keys::LIST,
        &api_keys::ONE,
        &api_keys::LIST,
        &api_keys::NAMES,
        &models::ONE,
        &models::LIST,
        &prices::ONE,
        &prices::LIST,
        &prices::IN_FORCE,
        &installation::ONE,
        &rejections::BETWEEN,
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::table::Role;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = all().iter().map(|projection| projection.name()).collect();
        assert_eq!(names.len(), all().len());
        let tables: BTreeSet<_> = all().iter().map(|projection| projection.table().name).collect();
        assert_eq!(tables.len(), all().len());
        let statements: BTreeSet<_> = statements().map(|statement| statement.name).collect();
        assert_eq!(statements.len(), super::statements().count());
    }

    #[test]
    fn a_tables_key_comes_first_and_its_indexes_name_its_columns() {
        for table in all().iter().map(|projection| projection.table()) {
            let keys = table.columns.iter().filter(|column| column.role == Role::Key).count();
            assert!(keys > 0 && table.key_columns().count() == keys, "{}", table.name);
            for column in table.indexes.iter().flat_map(|index| index.iter()) {
                assert!(table.columns.iter().any(|known| known.name == *column), "{column}");
            }
        }
    }

    #[test]
    fn a_statement_reads_tables_that_there_are() {
        let tables: Vec<_> = all().iter().map(|projection| projection.table().name).collect();
        for statement in statements() {
            assert!(statement.tables().count() > 0, "{}", statement.name);
            assert!(statement.tables().all(|table| tables.contains(&table)), "{}", statement.name);
        }
    }

    #[test]
    fn a_statements_parameters_are_all_used_and_there_is_no_other() {
        for statement in statements() {
            let (sql, highest) = (statement.on(ToOwned::to_owned), statement.parameters.len());
            for number in 1..=highest {
                assert!(sql.contains(&format!("${number}")), "{}", statement.name);
            }
            let beyond = format!("${}", highest + 1);
            assert!(!sql.contains(&beyond) && !sql.contains(':'), "{}: {sql}", statement.name);
            let names: BTreeSet<_> = statement.names.iter().collect();
            assert!([0, highest].contains(&names.len()), "{}", statement.name);
        }
    }

    #[test]
    fn a_statement_that_takes_several_parameters_names_them() {
        for statement in statements() {
            let list = statement.name.rsplit('.').next() == Some("names");
            let named = statement.parameters.len() < 2 || !statement.names.is_empty();
            assert!(named || list, "{}", statement.name);
        }
    }
}
