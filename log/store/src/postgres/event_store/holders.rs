//! Who holds which value that only one may hold.

use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uplion_domain::subject::AggregateId;

use super::{execute, lock, of_aggregate, query, stored};
use crate::{
    StoreError,
    event_store::{CommitError, Scope, Uniqueness},
    postgres::pool::{SETTINGS_FOR_LONG, Session},
    uniqueness,
};

pub async fn exchange(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
    change: &Uniqueness,
) -> Result<(), CommitError> {
    match change {
        Uniqueness::Claim { scope, value } => {
            if claim(transaction, aggregate, *scope, &scope.key(value)).await? {
                Ok(())
            } else {
                Err(CommitError::Taken { scope: *scope, value: value.clone() })
            }
        }
        Uniqueness::Release { scope, value } => {
            Ok(release(transaction, aggregate, *scope, &scope.key(value)).await?)
        }
        Uniqueness::ReleaseUnlessLast { scope, value } => {
            release(transaction, aggregate, *scope, &scope.key(value)).await?;
            if is_held(transaction, *scope).await? {
                Ok(())
            } else {
                Err(CommitError::Last { scope: *scope, value: value.clone() })
            }
        }
    }
}

/// Whether it holds the value now.
async fn claim(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
    scope: Scope,
    value: &str,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO holders VALUES ($1, $2, $3, $4)
        ON CONFLICT (scope, value) DO UPDATE SET value = excluded.value
        WHERE holders.aggregate = excluded.aggregate
        AND holders.aggregate_id = excluded.aggregate_id";
    let row: [&(dyn ToSql + Sync); 4] =
        [&scope.as_str(), &value, &aggregate.kind(), &aggregate.id()];
    Ok(execute(transaction, SQL, &row).await? > 0)
}

async fn release(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
    scope: Scope,
    value: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM holders
        WHERE scope = $1 AND value = $2 AND aggregate = $3 AND aggregate_id = $4";
    let row: [&(dyn ToSql + Sync); 4] =
        [&scope.as_str(), &value, &aggregate.kind(), &aggregate.id()];
    execute(transaction, SQL, &row).await.map(drop)
}

/// By anybody, whatever the value.
async fn is_held(transaction: &Transaction<'_>, scope: Scope) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT value FROM holders WHERE scope = $1 LIMIT 1";
    Ok(!query(transaction, SQL, &[&scope.as_str()]).await?.is_empty())
}

/// Notes what the aggregate holds now, by its whole history.
pub async fn note(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM holders WHERE aggregate = $1 AND aggregate_id = $2";
    const CLAIM: &str = "INSERT INTO holders VALUES ($1, $2, $3, $4) ON CONFLICT (scope, value)
        DO UPDATE SET aggregate = excluded.aggregate, aggregate_id = excluded.aggregate_id";
    let (kind, id) = (aggregate.kind(), aggregate.id());
    let rows = query(transaction, &of_aggregate(), &[&kind, &id]).await?;
    let history = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    execute(transaction, FORGET, &[&kind, &id]).await?;
    for (scope, value) in uniqueness::held(&history)? {
        let row: [&(dyn ToSql + Sync); 4] = [&scope.as_str(), &scope.key(&value), &kind, &id];
        execute(transaction, CLAIM, &row).await?;
    }
    Ok(())
}

/// Versions before this one told names apart by case, and did not note who administers.
pub async fn mend(session: &mut Session) -> Result<(), StoreError> {
    let transaction = session.transaction().await?;
    transaction.batch_execute(SETTINGS_FOR_LONG).await?;
    lock(&transaction).await?;
    for scope in uniqueness::OF_NAMES {
        respell(&transaction, scope).await?;
    }
    note_administrators(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Of two names that have become one the first stays, and the other keeps its old spelling, which nobody asks for.
async fn respell(transaction: &Transaction<'_>, scope: Scope) -> Result<(), StoreError> {
    const VALUES: &str = "SELECT value FROM holders WHERE scope = $1 ORDER BY value";
    const RESPELL: &str = "UPDATE holders SET value = $3 WHERE scope = $1 AND value = $2
        AND NOT EXISTS (SELECT 1 FROM holders WHERE scope = $1 AND value = $3)";
    for row in query(transaction, VALUES, &[&scope.as_str()]).await? {
        let value: String = row.try_get(0)?;
        let key = scope.key(&value);
        if key != value {
            execute(transaction, RESPELL, &[&scope.as_str(), &value, &key]).await?;
        }
    }
    Ok(())
}

async fn note_administrators(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    const USERS: &str = "SELECT DISTINCT aggregate_id FROM events WHERE aggregate = 'user'";
    if is_held(transaction, Scope::Administrator).await? {
        return Ok(());
    }
    for row in query(transaction, USERS, &[]).await? {
        let user = AggregateId::parse("user", row.try_get(0)?);
        let user = user.map_err(|error| StoreError::Unreadable(error.to_string()))?;
        note(transaction, &user).await?;
    }
    Ok(())
}
