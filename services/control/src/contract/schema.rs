//! A value against its schema in the description: the sentence that tells its place, what stands there, and what may.

use serde_json::Value;
use uplion_domain::Timestamp;

use super::Fields;

/// Characters of a value that are told back.
const SHOWN: usize = 60;

pub struct Schemas(Fields);

impl Schemas {
    pub const fn new(named: Fields) -> Self {
        Self(named)
    }

    /// `place` is where the value stands: `upstreams[0].url`; nothing for the body itself.
    pub fn check(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let nullable = schema["nullable"] == true;
        let schema = self.resolved(schema);
        if value.is_null() {
            return if nullable { Ok(()) } else { Err(expected(schema, value, place)) };
        }
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(fields)) => self.check_object(schema, fields, place),
            (Some("array"), Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(number, item)| {
                    self.check(&schema["items"], item, &format!("{place}[{number}]"))
                })
            }
            (Some("string"), Value::String(text)) => check_string(schema, text, place),
            (Some("integer"), Value::Number(number)) => {
                let whole = number.as_i128().filter(|whole| is_within(schema, *whole));
                whole.map(drop).ok_or_else(|| expected(schema, value, place))
            }
            (Some("boolean"), Value::Bool(_)) | (Some("number"), Value::Number(_)) | (None, _) => {
                Ok(())
            }
            (Some(_), _) => Err(expected(schema, value, place)),
        }
    }

    /// A parameter of the query, which is a text whatever it says.
    pub fn check_text(&self, schema: &Value, text: &str, place: &str) -> Result<(), String> {
        let schema = self.resolved(schema);
        let said = || Value::String(text.to_owned());
        match schema["type"].as_str() {
            Some("array") => {
                let mut items = text.split(',');
                items.try_for_each(|item| self.check_text(&schema["items"], item, place))
            }
            Some("integer") => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let whole = text.parse().ok().filter(|_| digits);
                let whole = whole.filter(|whole| is_within(schema, *whole));
                whole.map(drop).ok_or_else(|| expected(schema, &said(), place))
            }
            Some("boolean") if text != "true" && text != "false" => {
                Err(expected(schema, &said(), place))
            }
            Some("string")
                if schema["format"] == "date-time" && text.parse::<Timestamp>().is_err() =>
            {
                Err(expected(schema, &said(), place))
            }
            Some("string") => check_string(schema, text, place),
            Some(_) | None => Ok(()),
        }
    }

    fn check_object(&self, schema: &Value, fields: &Fields, place: &str) -> Result<(), String> {
        let known = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        for (name, value) in fields {
            let here = inside(place, name);
            match known.and_then(|known| known.get(name)) {
                Some(field) => self.check(field, value, &here)?,
                None if others.is_object() => self.check(others, value, &here)?,
                None if *others == false => return Err(unknown_field(place, name, known)),
                None => {}
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        let mut missing =
            required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name));
        match missing.next() {
            Some(name) => Err(format!("{}: this field is missing", inside(place, name))),
            None => Ok(()),
        }
    }

    /// What a reference leads to. One with something beside it is the only part of an `allOf`.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
        let named = reference.and_then(|reference| self.0.get(reference.rsplit('/').next()?));
        named.map_or(schema, |named| self.resolved(named))
    }
}

fn check_string(schema: &Value, text: &str, place: &str) -> Result<(), String> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let short = schema["minLength"].as_u64().is_some_and(|least| length < least);
    let long = schema["maxLength"].as_u64().is_some_and(|most| length > most);
    let known = |words: &Vec<Value>| words.iter().any(|word| word.as_str() == Some(text));
    let other = schema["enum"].as_array().is_some_and(|words| !known(words));
    if short || long || other {
        return Err(expected(schema, &Value::String(text.to_owned()), place));
    }
    Ok(())
}

fn is_within(schema: &Value, whole: i128) -> bool {
    bound(schema, "minimum").is_none_or(|least| whole >= least)
        && bound(schema, "maximum").is_none_or(|most| whole <= most)
}

/// Some are written as 1.0.
#[expect(clippy::cast_possible_truncation, reason = "bounds of whole numbers are whole")]
fn bound(schema: &Value, name: &str) -> Option<i128> {
    let number = schema[name].as_number()?;
    number.as_i128().or_else(|| Some(number.as_f64()? as i128))
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn unknown_field(place: &str, name: &str, known: Option<&Fields>) -> String {
    let known: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let at = if place.is_empty() { String::new() } else { format!("{place}: ") };
    format!("{at}there is no field {} here, but: {}", shown(name), known.join(", "))
}

fn expected(schema: &Value, value: &Value, place: &str) -> String {
    let place = if place.is_empty() { "the body" } else { place };
    let secret = schema["writeOnly"] == true || schema["format"] == "password";
    let found = match value {
        Value::String(_) if secret => "what was given".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => shown(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => shortened(&value.to_string()),
    };
    format!("{place}: {} is expected, not {found}", allowed(schema))
}

/// What may stand there, for people.
fn allowed(schema: &Value) -> String {
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = words.collect();
    match words[..] {
        [] => {}
        [only] => return only.to_owned(),
        [ref others @ .., last] => return format!("{} or {last}", others.join(", ")),
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => {
            "a time like 2026-11-23T10:33:20Z".to_owned()
        }
        Some("string") => match (schema["minLength"].as_u64(), schema["maxLength"].as_u64()) {
            (None, None) => "a text in quotes".to_owned(),
            (least, Some(most)) => format!("a text of {} to {most} characters", least.unwrap_or(0)),
            (Some(least), None) => format!("a text of {least} characters at least"),
        },
        Some("integer") => whole_number(schema),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("object") => "an object".to_owned(),
        Some(_) | None => "something else".to_owned(),
    }
}

fn whole_number(schema: &Value) -> String {
    match (bound(schema, "minimum"), bound(schema, "maximum")) {
        (Some(least), Some(most)) if most < i128::from(u64::MAX) => {
            format!("a whole number from {least} to {most}")
        }
        (Some(least), _) => format!("a whole number from {least} up"),
        (None, _) => "a whole number".to_owned(),
    }
}

/// In quotes, without characters that a terminal would obey, and not at length.
pub fn shown(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
