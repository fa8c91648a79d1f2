//! How answers are printed: as a table or lines for people, or as JSON.

use std::{
    fmt::Write as _,
    io::{Write as _, stderr, stdout},
};

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::Value;

use uplion_domain::name::is_printable;

use super::{
    client::read,
    failure::Failure,
    table::{
        Table,
        shown::{printable, printable_lines},
    },
};

#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Format {
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
    /// Print whole ids, times to the microsecond and in UTC, and every column, however long the lines become.
    #[arg(long, global = true)]
    pub wide: bool,
    /// Print lists as values separated by commas, with whole ids and times in UTC.
    #[arg(long, global = true, conflicts_with = "json")]
    pub csv: bool,
}

/// With a line feed. Nothing of it is obeyed by a terminal.
pub fn print(text: &str) -> Result<(), Failure> {
    writeln!(stdout(), "{}", printable_lines(text))?;
    Ok(())
}

pub fn print_json(value: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::caused("it cannot be printed as JSON", error))?;
    writeln!(stdout(), "{}", escaped(&text))?;
    Ok(())
}

/// JSON as it is, but for what a terminal would obey.
pub fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if is_printable(character) || character == '\n' {
            text.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(text, "\\u{unit:04x}").expect("a string takes what is written to it");
            }
        }
    }
    text
}

/// One thing.
pub fn print_one<T: DeserializeOwned>(
    format: Format,
    shown: Value,
    details: impl FnOnce(T) -> String,
) -> Result<(), Failure> {
    if format.json { print_json(&shown) } else { print(&details(read(shown)?)) }
}

/// All of a list.
pub fn print_list<T: DeserializeOwned>(
    format: Format,
    list: Vec<Value>,
    table: impl FnOnce(&[T]) -> Table,
) -> Result<(), Failure> {
    if format.json {
        return print_json(&Value::Array(list));
    }
    let rows = list.into_iter().map(read).collect::<Result<Vec<T>, _>>()?;
    print(&table(&rows).text(format))
}

/// Something beside the answer: to standard error, so that answers can be piped.
pub fn note(text: &str) {
    // If nobody reads it, nothing is lost but the note.
    let _ = writeln!(stderr(), "uplion: {}", printable_lines(text));
}

/// What a write did. `done` is a sentence about it.
pub fn print_written(format: Format, value: &Value, done: &str) -> Result<(), Failure> {
    if value["in_force"] == Value::Bool(false) {
        note(
            "recorded, not yet in force: the log has not acknowledged it, and it will come into force by itself",
        );
    }
    if format.json { print_json(value) } else { print(done) }
}

/// The one answer that holds a secret. None is in it if the command had been carried out before.
pub fn print_secret_once(format: Format, written: &Value, done: &str) -> Result<(), Failure> {
    let text = |field: &str| written[field].as_str();
    let id = text("id").unwrap_or_default();
    let sentence = match text("secret") {
        Some(secret) => format!("{done} ({id}), whose secret is shown only now:\n{secret}"),
        None => format!("{done} ({id}) before: its secret was shown then, and is not kept"),
    };
    print_written(format, written, &sentence)
}

/// `name (id)`, or what there is of it.
pub fn named(name: Option<&str>, id: &str) -> String {
    name.map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

/// `key: value` lines with the values aligned; null is left out.
pub fn facts(facts: &[(&str, Option<String>)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 1;
    let line = |(name, value): &(&str, Option<String>)| {
        let value = value.as_ref().map(|value| printable(value));
        value.map(|value| format!("{:<width$} {value}", format!("{name}:")))
    };
    facts.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}
