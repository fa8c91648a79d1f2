//! One table of a projection: made, read, written, asked.

use std::collections::HashMap;

use rusqlite::{
    Connection, params_from_iter,
    types::{ToSql, ToSqlOutput, ValueRef},
};
use uplion_projections::{
    Statement,
    table::{Key, Kind, Role, Row, Table, Value},
};

use crate::{
    StoreError,
    sqlite::connection::{execute, select, select_one},
    table_copies::{Changes, columns, key_columns},
};

pub fn create(connection: &Connection, table: &Table, name: &str) -> Result<(), StoreError> {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let kind = match column.kind {
                Kind::BigInt | Kind::Boolean => "INTEGER",
                Kind::Text => "TEXT",
                Kind::Bytes => "BLOB",
            };
            let null = match column.role {
                Role::Key | Role::Required => " NOT NULL",
                Role::Nullable => "",
            };
            format!("\"{}\" {kind}{null}", column.name)
        })
        .collect();
    drop(connection, name)?;
    let sql = format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({})) STRICT, WITHOUT ROWID",
        quoted(name),
        columns.join(", "),
        key_columns(table)
    );
    connection.execute_batch(&sql)?;
    for (number, index) in table.indexes.iter().enumerate() {
        let index = index.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        let name_of_index = quoted(&format!("{name}_{number}"));
        let sql = format!("CREATE INDEX {name_of_index} ON {} ({index})", quoted(name));
        connection.execute_batch(&sql)?;
    }
    Ok(())
}

pub fn drop(connection: &Connection, name: &str) -> Result<(), StoreError> {
    Ok(connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", quoted(name)))?)
}

/// The rows under `keys`, in their order.
pub fn load(
    connection: &Connection,
    table: &Table,
    name: &str,
    keys: &[Key],
) -> Result<Vec<Option<Row>>, StoreError> {
    let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
    let sql = format!("SELECT {} FROM {} WHERE {}", columns(table), quoted(name), by_key(table));
    let one = |key: &Key| {
        select_one(connection, &sql, params_from_iter(key.iter().map(Bound)), |found| {
            row(found, &kinds)
        })
    };
    keys.iter().map(one).collect()
}

pub fn write(
    connection: &Connection,
    table: &Table,
    name: &str,
    keys: &[Key],
    changes: &Changes<'_>,
) -> Result<(), StoreError> {
    let marks = vec!["?"; table.columns.len()].join(", ");
    let put =
        format!("INSERT OR REPLACE INTO {} ({}) VALUES ({marks})", quoted(name), columns(table));
    for row in &changes.written {
        execute(connection, &put, params_from_iter(row.iter().map(Bound)))?;
    }
    let delete = format!("DELETE FROM {} WHERE {}", quoted(name), by_key(table));
    for place in &changes.deleted {
        execute(connection, &delete, params_from_iter(keys[*place].iter().map(Bound)))?;
    }
    Ok(())
}

pub fn query(
    connection: &Connection,
    statement: &Statement,
    parameters: &[Value],
    live: &HashMap<String, String>,
) -> Result<Vec<Row>, StoreError> {
    if let Some(missing) = statement.tables().find(|table| !live.contains_key(*table)) {
        return Err(StoreError::Refused(format!("projection {missing} has no live copy yet")));
    }
    let sql = statement.on(|table| live.get(table).map_or_else(String::new, |name| quoted(name)));
    let sql = numbered(&sql);
    select(connection, &sql, params_from_iter(parameters.iter().map(Bound)), |found| {
        row(found, statement.columns)
    })
}

/// `SQLite` numbers `$1` by its first appearance; only `?1` says which it is.
pub fn numbered(sql: &str) -> String {
    let mut numbered = String::with_capacity(sql.len());
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let names_parameter = letter == '$' && letters.peek().is_some_and(char::is_ascii_digit);
        numbered.push(if names_parameter { '?' } else { letter });
    }
    numbered
}

pub fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn by_key(table: &Table) -> String {
    let keys = table.key_columns().map(|column| format!("\"{}\" = ?", column.name));
    keys.collect::<Vec<_>>().join(" AND ")
}

/// The columns of a row, which must be of the kinds given.
pub fn row(row: &rusqlite::Row<'_>, kinds: &[Kind]) -> Result<Row, StoreError> {
    let found = row.as_ref().column_count();
    if found != kinds.len() {
        let wanted = kinds.len();
        return Err(StoreError::Refused(format!("{found} columns where {wanted} were said")));
    }
    kinds.iter().enumerate().map(|(index, kind)| value(row.get_ref(index)?, *kind, index)).collect()
}

fn value(found: ValueRef<'_>, kind: Kind, index: usize) -> Result<Value, StoreError> {
    let misfit = || StoreError::Unreadable(format!("column {index} is not a {kind:?}"));
    match (kind, found) {
        (_, ValueRef::Null) => Ok(Value::Null),
        (Kind::BigInt, ValueRef::Integer(number)) => Ok(Value::BigInt(number)),
        (Kind::Boolean, ValueRef::Integer(number)) => Ok(Value::Boolean(number != 0)),
        (Kind::Text, ValueRef::Text(text)) => {
            String::from_utf8(text.to_vec()).map(Value::Text).map_err(|_| misfit())
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => Ok(Value::Bytes(bytes.to_vec())),
        (Kind::BigInt | Kind::Boolean | Kind::Text | Kind::Bytes, _) => Err(misfit()),
    }
}

/// A value as a statement's parameter.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::BigInt(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Boolean(truth) => ValueRef::Integer(i64::from(*truth)),
        }))
    }
}
