//! What a projection's table is made of, in the dialect that Postgres and SQLite share.

/// A table. Its key columns come first. A store may hold several copies under other names (a rebuild beside the live one).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 64 bits; times are microseconds since 1970.
    BigInt,
    Text,
    Bytes,
    Boolean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A part of the primary key.
    Key,
    Required,
    Nullable,
}

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    BigInt(i64),
    Text(String),
    Bytes(Vec<u8>),
    Boolean(bool),
}

/// The values of the key columns, in order.
pub type Key = Vec<Value>;
/// The values of all columns, in order, key first.
pub type Row = Vec<Value>;

impl Table {
    pub fn key_columns(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().take_while(|column| column.role == Role::Key)
    }
}
