//! A row's values taken one after the other, each as what its column holds; and the way back.

use std::{fmt, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};
use uplion_domain::{Nanos, Timestamp};

use crate::table::{Row, Value};

/// The values of one row that have not been taken yet.
pub struct Columns {
    values: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Columns {
    pub fn new(row: Row) -> Self {
        Self { values: row.into_iter(), taken: 0 }
    }

    pub fn text(&mut self) -> String {
        self.maybe_text().unwrap_or_else(|| self.misfit("text", &Value::Null))
    }

    pub fn maybe_text(&mut self) -> Option<String> {
        match self.next() {
            Value::Text(text) => Some(text),
            Value::Null => None,
            other @ (Value::BigInt(_) | Value::Bytes(_) | Value::Boolean(_)) => {
                self.misfit("text", &other)
            }
        }
    }

    pub fn big_int(&mut self) -> i64 {
        self.maybe_big_int().unwrap_or_else(|| self.misfit("a number", &Value::Null))
    }

    pub fn maybe_big_int(&mut self) -> Option<i64> {
        match self.next() {
            Value::BigInt(number) => Some(number),
            Value::Null => None,
            other @ (Value::Text(_) | Value::Bytes(_) | Value::Boolean(_)) => {
                self.misfit("a number", &other)
            }
        }
    }

    pub fn maybe_bytes(&mut self) -> Option<Vec<u8>> {
        match self.next() {
            Value::Bytes(bytes) => Some(bytes),
            Value::Null => None,
            other @ (Value::Text(_) | Value::BigInt(_) | Value::Boolean(_)) => {
                self.misfit("bytes", &other)
            }
        }
    }

    pub fn boolean(&mut self) -> bool {
        self.maybe_boolean().unwrap_or_else(|| self.misfit("a truth value", &Value::Null))
    }

    pub fn maybe_boolean(&mut self) -> Option<bool> {
        match self.next() {
            Value::Boolean(truth) => Some(truth),
            Value::Null => None,
            other @ (Value::Text(_) | Value::BigInt(_) | Value::Bytes(_)) => {
                self.misfit("a truth value", &other)
            }
        }
    }

    /// An id, a name, a code: anything that is text in the table.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(&mut self) -> T {
        let text = self.text();
        self.read(&text)
    }

    pub fn maybe_parsed<T: FromStr<Err: fmt::Display>>(&mut self) -> Option<T> {
        let text = self.maybe_text()?;
        Some(self.read(&text))
    }

    /// None is written as an empty text, where a column cannot be null.
    pub fn parsed_unless_empty<T: FromStr<Err: fmt::Display>>(&mut self) -> Option<T> {
        let text = self.text();
        (!text.is_empty()).then(|| self.read(&text))
    }

    pub fn time(&mut self) -> Timestamp {
        Timestamp::from_micros(self.big_int())
    }

    pub fn maybe_time(&mut self) -> Option<Timestamp> {
        self.maybe_big_int().map(Timestamp::from_micros)
    }

    pub fn nanos(&mut self) -> Nanos {
        Nanos::new(self.big_int().into())
    }

    /// A count. Written by [`count`].
    pub fn count(&mut self) -> u64 {
        let number = self.big_int();
        u64::try_from(number).unwrap_or_else(|_| self.misfit("a count", &Value::BigInt(number)))
    }

    pub fn maybe_count(&mut self) -> Option<u64> {
        let number = self.maybe_big_int()?;
        let count = u64::try_from(number);
        Some(count.unwrap_or_else(|_| self.misfit("a count", &Value::BigInt(number))))
    }

    /// # Panics
    /// If there is a column left.
    pub fn end(mut self) {
        assert!(self.values.next().is_none(), "a row has more than {} columns", self.taken);
    }

    fn next(&mut self) -> Value {
        self.taken += 1;
        match self.values.next() {
            Some(value) => value,
            None => panic!("a row has less than {} columns", self.taken),
        }
    }

    /// What stands within the column that was taken last.
    pub fn read<T: FromStr<Err: fmt::Display>>(&self, text: &str) -> T {
        match text.parse() {
            Ok(value) => value,
            Err(error) => panic!("column {} cannot be read: {error}", self.taken),
        }
    }

    pub fn read_json<T: DeserializeOwned>(&self, text: &str) -> T {
        match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => panic!("column {} cannot be read: {error}", self.taken),
        }
    }

    fn misfit(&self, wanted: &str, found: &Value) -> ! {
        panic!("column {} should hold {wanted}, not {found:?}", self.taken)
    }
}

/// What lies in one column as JSON.
pub fn maybe_json<T: DeserializeOwned>(columns: &mut Columns) -> Option<T> {
    let text = columns.maybe_text()?;
    Some(columns.read_json(&text))
}

pub fn json(value: &impl Serialize) -> Value {
    text(serde_json::to_string(value).expect("strings, numbers and lists are always JSON"))
}

pub fn text(value: impl fmt::Display) -> Value {
    Value::Text(value.to_string())
}

pub fn maybe_text(value: Option<impl fmt::Display>) -> Value {
    value.map_or(Value::Null, text)
}

pub const fn time(time: Timestamp) -> Value {
    Value::BigInt(time.micros())
}

pub fn maybe_time(value: Option<Timestamp>) -> Value {
    value.map_or(Value::Null, time)
}

/// Counts that a column cannot hold stand as the greatest that it can.
pub fn count(count: u64) -> Value {
    Value::BigInt(i64::try_from(count).unwrap_or(i64::MAX))
}

pub fn maybe_count(value: Option<u64>) -> Value {
    value.map_or(Value::Null, count)
}

/// Every charge and every rate fits: `domain` sees to it.
pub fn nanos(amount: Nanos) -> Value {
    Value::BigInt(amount.to_i64().unwrap_or(i64::MAX))
}

pub fn maybe_boolean(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Boolean)
}
