//! Flags as parameters of the API, under its names; what was not given is left out.

use clap::ValueEnum;
use serde_json::{Map, Value};

/// Beside a path.
pub fn query<const N: usize>(
    given: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// As a body.
pub fn body<const N: usize>(given: [(&str, Option<Value>); N]) -> Map<String, Value> {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The word of a value: flags and the API have the same.
pub fn word(value: impl ValueEnum + Copy) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
