//! A reading statement: what a projection's readers ask of its table, in the dialect that both stores share.
//!
//! Parameters are `:named` after the fields of the struct that a statement is asked with, or `$1` where there is one;
//! each is cast where its kind is not plain from its use. Tables are written in braces, `{requests}`, because only the
//! store knows under which name the live copy lies.

use crate::table::{Kind, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// For caches and traces, unique: `usage_by_hour.grouped`.
    pub name: &'static str,
    pub sql: &'static str,
    /// Of `$1`, `$2`, ...; each may be null where the statement says so.
    pub parameters: &'static [Kind],
    /// Of the parameters, in the same order; none if they are written as numbers.
    pub names: &'static [&'static str],
    /// Of the answer's columns: `SQLite` itself does not know a boolean from a number.
    pub columns: &'static [Kind],
}

/// As many values as [`one_of_many`] takes; null where there are fewer.
pub const MANY: usize = 100;

/// A list of [`MANY`] parameters: both stores have `IN`, and no list as one parameter that both understand.
macro_rules! one_of_many {
    () => {
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
          $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, \
          $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, \
          $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, \
          $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, \
          $78, $79, $80, $81, $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, \
          $93, $94, $95, $96, $97, $98, $99, $100"
    };
}
pub(crate) use one_of_many;

impl Statement {
    /// The tables that are read.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.sql.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(table, _)| table)
    }

    /// The statement with each table under its physical name, and each parameter as its number.
    pub fn on(&self, mut physical: impl FnMut(&str) -> String) -> String {
        let numbered = self.numbered();
        let mut sql = String::with_capacity(numbered.len());
        let mut rest = numbered.as_str();
        while let Some((before, (table, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            sql.push_str(before);
            sql.push_str(&physical(table));
            rest = after;
        }
        sql.push_str(rest);
        sql
    }

    fn numbered(&self) -> String {
        let mut parts = self.sql.split(':');
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let name = parameter_name(part);
            match self.names.iter().position(|known| *known == name) {
                Some(at) => sql.extend(["$", &(at + 1).to_string()]),
                None => sql.extend([":", name]),
            }
            sql.push_str(&part[name.len()..]);
        }
        sql
    }

    /// Whether `parameters` are as many and of the kinds that the statement wants.
    pub fn takes(&self, parameters: &[Value]) -> bool {
        parameters.len() == self.parameters.len()
            && parameters
                .iter()
                .zip(self.parameters)
                .all(|(value, wanted)| value.kind().is_none_or(|kind| kind == *wanted))
    }
}

/// The name that a text begins with.
fn parameter_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_lowercase() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: Statement = Statement {
        name: "a.b",
        sql: "SELECT x FROM {a} JOIN {b} ON $1 = y",
        parameters: &[Kind::BigInt],
        names: &[],
        columns: &[Kind::Text],
    };

    #[test]
    fn tables_are_named_by_who_knows_their_copies() {
        assert_eq!(STATEMENT.tables().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(
            STATEMENT.on(|table| format!("{table}_v2")),
            "SELECT x FROM a_v2 JOIN b_v2 ON $1 = y"
        );
    }

    #[test]
    fn a_named_parameter_is_numbered_by_its_place_in_the_struct() {
        let named = Statement {
            sql: "SELECT x FROM {a} WHERE y = :from AND (z = :from_key OR z > :from) LIMIT :limit",
            names: &["limit", "from", "from_key"],
            ..STATEMENT
        };
        assert_eq!(
            named.on(ToOwned::to_owned),
            "SELECT x FROM a WHERE y = $2 AND (z = $3 OR z > $2) LIMIT $1"
        );
    }

    #[test]
    fn parameters_are_of_their_kind_or_null() {
        assert!(STATEMENT.takes(&[Value::BigInt(1)]));
        assert!(STATEMENT.takes(&[Value::Null]));
        assert!(!STATEMENT.takes(&[Value::Text("1".into())]));
        assert!(!STATEMENT.takes(&[]));
    }
}
