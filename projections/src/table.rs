//! What a projection's table is made of, in the dialect that Postgres and SQLite share.

/// A table. Its key columns come first. A store may hold several copies under other names (a rebuild beside the live one).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
    /// Columns of each index beside the primary key, for the statements that read the table.
    pub indexes: &'static [&'static [&'static str]],
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
    /// Ordered by its bytes: a store creates it with the collation that does so (`"C"` on Postgres).
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

/// The kinds of `columns`, for statements that answer with whole rows.
pub const fn kinds<const N: usize>(columns: &[Column; N]) -> [Kind; N] {
    let mut kinds = [Kind::BigInt; N];
    let mut at = 0;
    while at < N {
        kinds[at] = columns[at].kind;
        at += 1;
    }
    kinds
}

impl Table {
    pub fn key_columns(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().take_while(|column| column.role == Role::Key)
    }
}

impl Column {
    pub const fn key(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, role: Role::Key }
    }

    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, role: Role::Required }
    }

    pub const fn nullable(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, role: Role::Nullable }
    }
}

impl Value {
    /// None for null. A value is of one kind only.
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Null => None,
            Self::BigInt(_) => Some(Kind::BigInt),
            Self::Text(_) => Some(Kind::Text),
            Self::Bytes(_) => Some(Kind::Bytes),
            Self::Boolean(_) => Some(Kind::Boolean),
        }
    }
}
