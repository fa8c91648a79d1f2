//! Who holds which value that only one may hold.

use rusqlite::Connection;
use uplion_domain::subject::AggregateId;

use super::history;
use crate::{
    StoreError,
    event_store::{CommitError, Scope, Uniqueness},
    sqlite::connection::{execute, select, select_one},
    uniqueness,
};

pub fn exchange(
    connection: &Connection,
    aggregate: &AggregateId,
    change: &Uniqueness,
) -> Result<(), CommitError> {
    match change {
        Uniqueness::Claim { scope, value } => {
            if claim(connection, aggregate, *scope, value)? {
                Ok(())
            } else {
                Err(CommitError::Taken { scope: *scope, value: value.clone() })
            }
        }
        Uniqueness::Release { scope, value } => Ok(release(connection, aggregate, *scope, value)?),
        Uniqueness::ReleaseUnlessLast { scope, value } => {
            release(connection, aggregate, *scope, value)?;
            if is_held(connection, *scope)? {
                Ok(())
            } else {
                Err(CommitError::Last { scope: *scope, value: value.clone() })
            }
        }
    }
}

/// Whether it holds the value now.
fn claim(
    connection: &Connection,
    aggregate: &AggregateId,
    scope: Scope,
    value: &str,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO holders VALUES (?, ?, ?, ?)
        ON CONFLICT (scope, value) DO UPDATE SET value = value
        WHERE aggregate = excluded.aggregate AND aggregate_id = excluded.aggregate_id";
    let row = (scope.as_str(), scope.key(value), aggregate.kind(), aggregate.id());
    Ok(execute(connection, SQL, row)? > 0)
}

fn release(
    connection: &Connection,
    aggregate: &AggregateId,
    scope: Scope,
    value: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM holders
        WHERE scope = ? AND value = ? AND aggregate = ? AND aggregate_id = ?";
    let row = (scope.as_str(), scope.key(value), aggregate.kind(), aggregate.id());
    execute(connection, SQL, row).map(drop)
}

/// By anybody, whatever the value.
fn is_held(connection: &Connection, scope: Scope) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM holders WHERE scope = ? LIMIT 1";
    Ok(select_one(connection, SQL, [scope.as_str()], |_| Ok(()))?.is_some())
}

/// Notes what the aggregate holds now, by its whole history.
pub fn note(connection: &Connection, aggregate: &AggregateId) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM holders WHERE aggregate = ? AND aggregate_id = ?";
    const CLAIM: &str = "INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?)";
    let held = uniqueness::held(&history(connection, aggregate)?)?;
    execute(connection, FORGET, (aggregate.kind(), aggregate.id()))?;
    for (scope, value) in held {
        let row = (scope.as_str(), scope.key(&value), aggregate.kind(), aggregate.id());
        execute(connection, CLAIM, row)?;
    }
    Ok(())
}

/// Versions before this one told names apart by case, and did not note who administers.
pub fn mend(connection: &Connection) -> Result<(), StoreError> {
    for scope in uniqueness::OF_NAMES {
        respell(connection, scope)?;
    }
    note_administrators(connection)
}

/// Of two names that have become one the first stays, and the other keeps its old spelling, which nobody asks for.
fn respell(connection: &Connection, scope: Scope) -> Result<(), StoreError> {
    const VALUES: &str = "SELECT value FROM holders WHERE scope = ? ORDER BY value";
    const RESPELL: &str = "UPDATE OR IGNORE holders SET value = ? WHERE scope = ? AND value = ?";
    let values: Vec<String> = select(connection, VALUES, [scope.as_str()], |row| Ok(row.get(0)?))?;
    for value in values {
        let key = scope.key(&value);
        if key != value {
            execute(connection, RESPELL, (key, scope.as_str(), &value))?;
        }
    }
    Ok(())
}

fn note_administrators(connection: &Connection) -> Result<(), StoreError> {
    const USERS: &str = "SELECT DISTINCT aggregate_id FROM events WHERE aggregate = 'user'";
    if is_held(connection, Scope::Administrator)? {
        return Ok(());
    }
    let users: Vec<String> = select(connection, USERS, [], |row| Ok(row.get(0)?))?;
    for user in users {
        let user = AggregateId::parse("user", &user);
        let user = user.map_err(|error| StoreError::Unreadable(error.to_string()))?;
        note(connection, &user)?;
    }
    Ok(())
}
