//! The API's description as generators of clients and testers of contracts need it: what the framework leaves unsaid
//! is said here.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::page;
use crate::{
    headers,
    origin::{LONGEST_REASON, REASON},
};

/// The framework's description, completed.
pub fn completed(spec: &str) -> Value {
    let mut document: Value = serde_json::from_str(spec).expect("the framework writes JSON");
    let closed = schemas_of_bodies(&document);
    for (name, schema) in fields(&mut document["components"]["schemas"]) {
        complete_schema(schema);
        // Every body is read with `deny_unknown_fields`.
        if closed.contains(name) && schema["type"] == "object" {
            schema["additionalProperties"] = json!(false);
        }
    }
    for (_, path) in fields(&mut document["paths"]) {
        for (method, operation) in fields(path) {
            complete_operation(operation);
            if method != "get" {
                may_say_why(operation);
            }
        }
    }
    without_defaults(&mut document);
    document
}

fn complete_operation(operation: &mut Value) {
    // Its own group, not also that of the file that it is in.
    if let Some(own) = operation["tags"].as_array_mut().and_then(Vec::pop) {
        operation["tags"] = json!([own]);
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    let parameters = parameters.map(|parameters| {
        *parameters = parameters.iter().flat_map(headers::documented).collect();
        parameters
    });
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        complete_schema(&mut parameter["schema"]);
        complete_parameter(&name, &mut parameter["schema"]);
        // A list that is named and has nothing in it says nothing.
        if parameter["schema"]["type"] == "array" {
            parameter["schema"]["minItems"] = json!(1);
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        plain_json(&mut body["content"]);
    }
    for (_, response) in fields(&mut operation["responses"]) {
        if let Some(content) = response.get_mut("content") {
            plain_json(content);
        }
        let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else {
            continue;
        };
        *headers = std::mem::take(headers).into_iter().map(spelt).collect();
    }
}

/// Read for all operations in one place, of which the framework does not know.
fn may_say_why(operation: &mut Value) {
    let description = format!(
        "Why: at most {LONGEST_REASON} characters, noted beside what is changed. UTF-8, or `UTF-8''` and percent-encoding."
    );
    let reason = json!({
        "name": REASON,
        "in": "header",
        "description": description,
        "required": false,
        "schema": { "type": "string", "pattern": "^[ -~]*$", "maxLength": LONGEST_REASON },
    });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(reason),
        None => operation["parameters"] = json!([reason]),
    }
}

/// What may be left out may be null, and is null in answers; whole numbers have bounds.
fn complete_schema(schema: &mut Value) {
    let required: BTreeSet<String> = texts(&schema["required"]).map(ToOwned::to_owned).collect();
    if let Some(bound) = bound(schema) {
        schema["minimum"] = schema.get("minimum").cloned().unwrap_or(json!(0));
        schema["maximum"] = schema.get("maximum").cloned().unwrap_or(json!(bound));
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(inner) {
            complete_schema(inner);
        }
    }
    for (name, field) in schema.get_mut("properties").into_iter().flat_map(fields) {
        complete_schema(field);
        complete_text(name, field);
        // A reference with a description beside it is not a type of its own.
        if let Some(parts) = field.get_mut("allOf").and_then(Value::as_array_mut) {
            parts.retain(|part| part.get("$ref").is_some());
        }
        if required.contains(name) {
            continue;
        }
        if let Some(reference) = field.get("$ref").cloned() {
            *field = json!({ "allOf": [{ "$ref": reference }] });
        }
        field["nullable"] = json!(true);
    }
}

/// What is always called the same is always written the same: it is said here, once for all operations.
fn complete_text(name: &str, schema: &mut Value) {
    let time = ["_at", "_until", "_from"].iter().any(|end| name.ends_with(end)) || name == "at";
    if time && schema["type"] == "string" {
        schema["format"] = json!("date-time");
    }
}

/// The same of parameters.
fn complete_parameter(name: &str, schema: &mut Value) {
    if name == "limit" {
        schema["minimum"] = json!(1);
        schema["maximum"] = json!(page::MOST);
    }
    if schema["type"] != "string" {
        return;
    }
    match name {
        "If-Match" => {
            schema["pattern"] = json!(r#"^("[0-9]{1,19}"|[0-9]{1,19}|\*)$"#);
            schema["minLength"] = json!(1);
        }
        "Uplion-Position" | "at" => {
            schema["pattern"] = json!("^(newest|control:[0-9]{1,9}:[0-9]{1,19})$");
            schema["minLength"] = json!(1);
        }
        "Idempotency-Key" => {
            schema["pattern"] = json!("^[!-~]([ -~]*[!-~])?$");
            schema["minLength"] = json!(1);
            schema["maxLength"] = json!(255);
        }
        "from" | "to" | "in_force_at" => schema["format"] = json!("date-time"),
        _ => {}
    }
}

fn bound(schema: &Value) -> Option<u64> {
    match schema["format"].as_str()? {
        "uint8" => Some(u64::from(u8::MAX)),
        "uint16" => Some(u64::from(u16::MAX)),
        "uint32" => Some(u64::from(u32::MAX)),
        "uint64" => Some(u64::MAX),
        _ => None,
    }
}

/// JSON is always UTF-8: a parameter that says so only makes it another type to generators.
fn plain_json(content: &mut Value) {
    let Some(content) = content.as_object_mut() else { return };
    if let Some(json) = content.remove("application/json; charset=utf-8") {
        content.insert("application/json".to_owned(), json);
    }
}

/// A header's name as it is written, where the framework shouts it.
fn spelt((name, header): (String, Value)) -> (String, Value) {
    let capitalised = |word: &str| match word {
        "ETAG" => "ETag".to_owned(),
        "WWW" => "WWW".to_owned(),
        word => word[..1].to_owned() + &word[1..].to_ascii_lowercase(),
    };
    let words: Vec<String> = name.split('-').map(capitalised).collect();
    (words.join("-"), header)
}

/// The names of the schemas that callers write: those that a body leads to.
fn schemas_of_bodies(document: &Value) -> BTreeSet<String> {
    let schemas = &document["components"]["schemas"];
    let mut open = Vec::new();
    for path in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in path.as_object().into_iter().flat_map(Map::values) {
            references(&operation["requestBody"], &mut open);
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            references(&schemas[&name], &mut open);
        }
    }
    found
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                found.extend(reference.rsplit('/').next().map(ToOwned::to_owned));
            }
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Drops what says only what would be so anyway.
fn without_defaults(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                !(name == "deprecated" && value == false || name == "explode" && value == true)
            });
            fields.values_mut().for_each(without_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_defaults),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fields(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(Map::iter_mut)
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(document: &Value) -> Value {
        super::completed(&document.to_string())
    }

    #[test]
    fn what_may_be_left_out_may_be_null() {
        let key = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "string" },
                "models": { "type": "array", "items": { "type": "string" } },
                "price": { "$ref": "#/components/schemas/Price" },
            },
        });
        let completed = completed(&json!({ "components": { "schemas": { "Key": key } } }));
        let fields = &completed["components"]["schemas"]["Key"]["properties"];
        assert_eq!(fields["id"], json!({ "type": "string" }));
        assert_eq!(fields["models"]["nullable"], true);
        let price =
            json!({ "allOf": [{ "$ref": "#/components/schemas/Price" }], "nullable": true });
        assert_eq!(fields["price"], price);
    }

    #[test]
    fn a_body_has_no_fields_but_those_that_are_described_and_an_answer_may_grow() {
        let body = json!({ "schema": { "$ref": "#/components/schemas/NewModel" } });
        let create =
            json!({ "requestBody": { "content": { "application/json; charset=utf-8": body } } });
        let new_model = json!({
            "type": "object",
            "properties": { "upstream": { "$ref": "#/components/schemas/Upstream" } },
        });
        let schemas = json!({
            "NewModel": new_model,
            "Upstream": { "type": "object" },
            "Written": { "type": "object" },
        });
        let completed = completed(&json!({
            "paths": { "/models": { "post": create } },
            "components": { "schemas": schemas },
        }));
        let schemas = &completed["components"]["schemas"];
        assert_eq!(schemas["NewModel"]["additionalProperties"], false);
        assert_eq!(schemas["Upstream"]["additionalProperties"], false);
        assert_eq!(schemas["Written"]["additionalProperties"], Value::Null);
        let content = &completed["paths"]["/models"]["post"]["requestBody"]["content"];
        assert!(content["application/json"].is_object(), "{content}");
    }

    #[test]
    fn headers_are_spelt_as_people_write_them() {
        for (shouted, written) in [
            ("ETAG", "ETag"),
            ("UPLION-POSITION", "Uplion-Position"),
            ("WWW-AUTHENTICATE", "WWW-Authenticate"),
        ] {
            assert_eq!(spelt((shouted.to_owned(), Value::Null)).0, written);
        }
    }
}
