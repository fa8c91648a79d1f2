//! What an event changed: the rows that it touches, before and after it, as people read them.

use std::collections::BTreeMap;

use serde_json::{Value as Raw, json};
use uplion_domain::{Envelope, Nanos, Timestamp, subject::AggregateId};
use uplion_projections::{
    Projection, Recorded,
    admin_keys::AdminKeys,
    api_keys::ApiKeys,
    members::Members,
    models::Models,
    prices::Prices,
    projects::Projects,
    sessions::Sessions,
    table::{Column, Key, Row, Value},
    users::Users,
};

/// A field before and after an event. Null where there was, or is, nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub name: String,
    pub before: Raw,
    pub after: Raw,
}

/// The rows that one aggregate's history leads to, an event at a time.
pub struct AggregateRows {
    projections: &'static [&'static dyn Projection],
    rows: BTreeMap<(&'static str, Key), Row>,
}

impl AggregateRows {
    pub fn of(aggregate: &AggregateId) -> Self {
        let projections: &'static [&'static dyn Projection] = match aggregate {
            AggregateId::Installation(_) => &[],
            AggregateId::Project(_) => &[&Projects, &Members],
            AggregateId::ApiKey(_) => &[&ApiKeys],
            AggregateId::Model(_) => &[&Models],
            AggregateId::Price(_) => &[&Prices],
            AggregateId::User(_) => &[&Users],
            AggregateId::Session(_) => &[&Sessions],
            AggregateId::AdminKey(_) => &[&AdminKeys],
        };
        Self { projections, rows: BTreeMap::new() }
    }

    pub fn apply(&mut self, position: u64, envelope: Envelope) -> Vec<Difference> {
        let event = Recorded { pos: position, envelope };
        let mut differences = Vec::new();
        for projection in self.projections {
            let Some(key) = projection.key(&event) else { continue };
            let place = (projection.name(), key);
            let before = self.rows.remove(&place);
            let after = projection.fold(before.clone(), &event);
            let columns = projection.table().columns;
            differences.extend(differing(columns, &place.1, before.as_ref(), after.as_ref()));
            if let Some(row) = after {
                self.rows.insert(place, row);
            }
        }
        differences
    }
}

fn differing(
    columns: &'static [Column],
    key: &Key,
    before: Option<&Row>,
    after: Option<&Row>,
) -> Vec<Difference> {
    // What belongs to one of several of a thing, such as a member of a project, is named with it.
    let of: Vec<String> = key.iter().skip(1).map(plain).collect();
    let named = |name: &str| {
        let name = name.trim_end_matches("_nanos");
        if of.is_empty() { name.to_owned() } else { format!("{} {name}", of.join(" ")) }
    };
    let value = |row: Option<&Row>, at: usize| row.map_or(&Value::Null, |row| &row[at]).clone();
    let mut differences = Vec::new();
    for (at, column) in columns.iter().enumerate().skip(key.len()) {
        let (before, after) = (value(before, at), value(after, at));
        // The place of a price on the log, which an event cannot change.
        if before != after && column.name != "pos" {
            let (before, after) = (readable(column.name, before), readable(column.name, after));
            differences.push(Difference { name: named(column.name), before, after });
        }
    }
    differences
}

/// As people read it: times as times, money in units, lists as lists.
fn readable(column: &str, value: Value) -> Raw {
    let is_time = ["_at", "_from", "_until"].iter().any(|ending| column.ends_with(ending));
    match value {
        Value::Null => Raw::Null,
        Value::Boolean(truth) => json!(truth),
        Value::BigInt(number) if is_time => json!(Timestamp::from_micros(number).to_string()),
        Value::BigInt(number) if column.ends_with("_nanos") => {
            json!(Nanos::new(number.into()).to_string())
        }
        Value::BigInt(number) => json!(number),
        Value::Bytes(bytes) => json!(hex::encode(bytes)),
        Value::Text(text) if is_text(column) => json!(text),
        Value::Text(text) => match serde_json::from_str(&text) {
            Ok(listed @ (Raw::Array(_) | Raw::Object(_))) => listed,
            Ok(_) | Err(_) => json!(text),
        },
    }
}

/// What people wrote stays as they wrote it, also if it looks like a list.
fn is_text(column: &str) -> bool {
    ["name", "description"].contains(&column)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::BigInt(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Bytes(bytes) => hex::encode(bytes),
        Value::Null => String::new(),
    }
}
