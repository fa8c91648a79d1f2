//! Many rows as a few parameters: an array for each column. And rows as they come back.

use bytes::BytesMut;
use tokio_postgres::{
    Row as Found,
    types::{IsNull, ToSql, Type, to_sql_checked},
};
use uplion_projections::table::{Column, Kind, Row, Value};

use crate::StoreError;

/// The values of one column over many rows.
#[derive(Debug)]
pub struct Array<'a>(Vec<Bound<'a>>);

/// A value as a parameter. Values are checked against their columns' kinds by whoever made the statement.
#[derive(Debug)]
pub struct Bound<'a>(pub &'a Value);

/// An array for each of `columns`, which are the first of each row.
pub fn of_columns<'a>(columns: &[&Column], rows: &[&'a Row]) -> Result<Vec<Array<'a>>, StoreError> {
    let array = |(place, column): (usize, &&Column)| {
        let values = rows.iter().map(|row| match row.get(place) {
            Some(value) if value.kind().is_none_or(|kind| kind == column.kind) => Ok(Bound(value)),
            value => Err(StoreError::Refused(format!("{value:?} in column {}", column.name))),
        });
        values.collect::<Result<Vec<_>, _>>().map(Array)
    };
    columns.iter().enumerate().map(array).collect()
}

/// The columns as `unnest($1::bigint[], ...)`, from parameter 1 on.
pub fn unnested(columns: &[&Column]) -> String {
    let parameters: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| format!("${}::{}[]", place + 1, type_name(column.kind)))
        .collect();
    format!("unnest({})", parameters.join(", "))
}

pub const fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::BigInt => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Boolean => "boolean",
    }
}

pub const fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::BigInt => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
        Kind::Boolean => Type::BOOL,
    }
}

pub fn parameters<'a>(arrays: &'a [Array<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect()
}

/// The columns of a row, which must be of the kinds given.
pub fn row(row: &Found, kinds: &[Kind]) -> Result<Row, StoreError> {
    if row.len() != kinds.len() {
        let (found, wanted) = (row.len(), kinds.len());
        return Err(StoreError::Refused(format!("{found} columns where {wanted} were said")));
    }
    kinds.iter().enumerate().map(|(index, kind)| value(row, index, *kind)).collect()
}

fn value(row: &Found, index: usize, kind: Kind) -> Result<Value, StoreError> {
    let value = match kind {
        Kind::BigInt => row.try_get::<_, Option<i64>>(index)?.map(Value::BigInt),
        Kind::Text => row.try_get::<_, Option<String>>(index)?.map(Value::Text),
        Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
        Kind::Boolean => row.try_get::<_, Option<bool>>(index)?.map(Value::Boolean),
    };
    Ok(value.unwrap_or(Value::Null))
}

type Written = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Array<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Written {
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <Vec<Bound<'_>> as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Written {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::BigInt(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
            Value::Boolean(truth) => truth.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA, Type::BOOL].contains(kind)
    }

    to_sql_checked!();
}
