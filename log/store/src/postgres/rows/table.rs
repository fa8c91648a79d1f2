//! One table of a projection: made, shown to people, read, written, asked.

use std::collections::HashMap;

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::types::{ToSql, Type};
use uplion_projections::{
    Statement,
    table::{Column, Key, Kind, Role, Row, Table, Value},
};

use super::{
    Asked,
    arrays::{self, Bound, of_columns, parameters, unnested},
};
use crate::{
    StoreError,
    number::unsigned,
    table_copies::{columns, key_columns},
};

pub async fn create(
    transaction: &Transaction<'_>,
    table: &Table,
    name: &str,
) -> Result<(), StoreError> {
    drop(transaction, name).await?;
    let lines: Vec<String> = table.columns.iter().map(declared).collect();
    let mut statements = vec![format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({}))",
        quoted(name),
        lines.join(", "),
        key_columns(table)
    )];
    for index in table.indexes {
        let columns = index.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        statements.push(format!("CREATE INDEX ON {} ({columns})", quoted(name)));
    }
    Ok(transaction.batch_execute(&statements.join("; ")).await?)
}

fn declared(column: &Column) -> String {
    let kind = arrays::type_name(column.kind);
    let order = if column.kind == Kind::Text { " COLLATE \"C\"" } else { "" };
    let null = match column.role {
        Role::Key | Role::Required => " NOT NULL",
        Role::Nullable => "",
    };
    format!("{} {kind}{order}{null}", quoted(column.name))
}

pub async fn drop(transaction: &Transaction<'_>, name: &str) -> Result<(), StoreError> {
    Ok(transaction.batch_execute(&format!("DROP TABLE IF EXISTS {}", quoted(name))).await?)
}

/// Makes it the one that people see, with times as times.
pub async fn show(
    transaction: &Transaction<'_>,
    table: &Table,
    name: &str,
) -> Result<(), StoreError> {
    let seen: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let name = quoted(column.name);
            if column.kind == Kind::BigInt && column.name.ends_with("_at") {
                format!("timestamptz 'epoch' + {name} * interval '1 microsecond' AS {name}")
            } else {
                name
            }
        })
        .collect();
    let view = format!("uplion.{}", quoted(table.name));
    let sql = format!(
        "DROP VIEW IF EXISTS {view}; CREATE VIEW {view} AS SELECT {} FROM {}",
        seen.join(", "),
        quoted(name)
    );
    Ok(transaction.batch_execute(&sql).await?)
}

/// The rows under `keys`, in their order.
pub async fn load(
    transaction: &Transaction<'_>,
    table: &Table,
    name: &str,
    keys: &[Key],
) -> Result<Vec<Option<Row>>, StoreError> {
    let mut loaded = vec![None; keys.len()];
    if keys.is_empty() {
        return Ok(loaded);
    }
    let key: Vec<&Column> = table.key_columns().collect();
    let sql = format!(
        "SELECT {}, wanted.number FROM {} AS wanted ({}, number) JOIN {} AS t ON {}",
        table
            .columns
            .iter()
            .map(|c| format!("t.{}", quoted(c.name)))
            .collect::<Vec<_>>()
            .join(", "),
        format_args!("{} WITH ORDINALITY", unnested(&key)),
        key_columns(table),
        quoted(name),
        same_key(&key, "wanted")
    );
    let keys: Vec<&Key> = keys.iter().collect();
    let statement = transaction.prepare_cached(&sql).await?;
    let found = transaction.query(&statement, &parameters(&of_columns(&key, &keys)?)).await?;
    let mut kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
    kinds.push(Kind::BigInt);
    for row in &found {
        let number = unsigned(row.try_get(table.columns.len())?);
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let mut row = arrays::row(row, &kinds)?;
        row.truncate(table.columns.len());
        if let Some(slot) = place.and_then(|place| loaded.get_mut(place)) {
            *slot = Some(row);
        }
    }
    Ok(loaded)
}

pub async fn write(
    transaction: &Transaction<'_>,
    table: &Table,
    name: &str,
    rows: &[&Row],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let all: Vec<&Column> = table.columns.iter().collect();
    let others = table.columns.iter().filter(|column| column.role != Role::Key);
    let set: Vec<String> =
        others.map(|column| format!("{0} = excluded.{0}", quoted(column.name))).collect();
    let action =
        if set.is_empty() { "NOTHING".into() } else { format!("UPDATE SET {}", set.join(", ")) };
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM {} ON CONFLICT ({}) DO {action}",
        quoted(name),
        columns(table),
        unnested(&all),
        key_columns(table)
    );
    let statement = transaction.prepare_cached(&sql).await?;
    transaction.execute(&statement, &parameters(&of_columns(&all, rows)?)).await?;
    Ok(())
}

pub async fn delete(
    transaction: &Transaction<'_>,
    table: &Table,
    name: &str,
    keys: &[&Key],
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let key: Vec<&Column> = table.key_columns().collect();
    let sql = format!(
        "DELETE FROM {} AS t USING {} AS gone ({}) WHERE {}",
        quoted(name),
        unnested(&key),
        key_columns(table),
        same_key(&key, "gone")
    );
    let statement = transaction.prepare_cached(&sql).await?;
    transaction.execute(&statement, &parameters(&of_columns(&key, keys)?)).await?;
    Ok(())
}

fn same_key(key: &[&Column], other: &str) -> String {
    let same = |column: &&Column| format!("t.{0} = {other}.{0}", quoted(column.name));
    key.iter().map(same).collect::<Vec<_>>().join(" AND ")
}

pub async fn query(
    client: &impl GenericClient,
    statement: &Statement,
    values: &[Value],
    live: &HashMap<String, String>,
) -> Result<Vec<Row>, Asked> {
    if let Some(missing) = statement.tables().find(|table| !live.contains_key(*table)) {
        let text = format!("projection {missing} has no live copy yet");
        return Err(Asked::Store(StoreError::Refused(text)));
    }
    let sql = statement.on(|table| live.get(table).map_or_else(String::new, |name| quoted(name)));
    let types: Vec<Type> = statement.parameters.iter().map(|kind| arrays::type_of(*kind)).collect();
    let prepared = client.prepare_typed_cached(&sql, &types).await?;
    answers(statement, prepared.columns())?;
    let bound: Vec<Bound<'_>> = values.iter().map(Bound).collect();
    let parameters: Vec<&(dyn ToSql + Sync)> =
        bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let rows = client.query(&prepared, &parameters).await?;
    let read = rows.iter().map(|row| arrays::row(row, statement.columns));
    read.collect::<Result<_, _>>().map_err(Asked::Store)
}

/// Whether its columns are of the kinds that it says, also when there is no row to show it.
fn answers(statement: &Statement, found: &[tokio_postgres::Column]) -> Result<(), Asked> {
    let wanted = statement.columns.iter().map(|kind| arrays::type_of(*kind));
    if wanted.eq(found.iter().map(|column| column.type_().clone())) {
        return Ok(());
    }
    let found: Vec<_> = found.iter().map(|column| column.type_().name()).collect();
    let text = format!("{} answers with {}", statement.name, found.join(", "));
    Err(Asked::Store(StoreError::Refused(text)))
}

pub fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
