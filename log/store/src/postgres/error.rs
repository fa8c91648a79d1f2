//! What Postgres' errors mean to those who call a store.

use tokio_postgres::error::{DbError, SqlState};

use super::failover;
use crate::StoreError;

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refusal) if is_read_only(refusal.code()) => {
                failover::note();
                Self::Unavailable(said(refusal))
            }
            Some(refusal) if passes(refusal.code()) => Self::Unavailable(said(refusal)),
            Some(refusal) => Self::Refused(said(refusal)),
            None if is_about_values(&error) => Self::Unreadable(told(&error)),
            None => Self::Unavailable(told(&error)),
        }
    }
}

/// A standby, or a server that was told so: another one takes writes, or this one does later.
fn is_read_only(code: &SqlState) -> bool {
    *code == SqlState::READ_ONLY_SQL_TRANSACTION
}

/// Without its detail, which repeats what lies in rows: addresses, hashes.
fn said(refusal: &DbError) -> String {
    format!("{}: {}", refusal.severity(), refusal.message())
}

/// With what caused it, which says more than the error itself.
fn told(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Whether trying again later may do: the server is going, coming, or has too much to do.
fn passes(code: &SqlState) -> bool {
    const CLASSES: [&str; 4] = ["08", "40", "53", "57"];
    let class = code.code().get(..2).unwrap_or_default();
    CLASSES.contains(&class)
        || [&SqlState::LOCK_NOT_AVAILABLE, &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT]
            .contains(&code)
}

/// The driver has no other way to say that a value is of another type than was expected.
fn is_about_values(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error deserializing column")
        || text.starts_with("error serializing parameter")
        || text.starts_with("invalid column")
}
