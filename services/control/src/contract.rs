//! What the API's description promises and the framework does not keep: a 405 names the methods that there are, a
//! parameter that is not described and a header that cannot be read are not overlooked, and a text is not also a
//! number or a truth value.

use std::collections::BTreeMap;

use poem::Request;
use serde_json::{Map, Value};

use crate::{api, origin::REASON};

pub struct Contract {
    paths: Vec<Path>,
    schemas: Map<String, Value>,
}

struct Path {
    segments: Vec<Segment>,
    methods: BTreeMap<String, Operation>,
}

struct Operation {
    /// The names of its parameters in the query.
    query: Vec<String>,
    /// And in headers.
    headers: Vec<String>,
    /// The schema of the body that it wants.
    body: Option<Value>,
}

enum Segment {
    Fixed(String),
    Any,
}

impl Contract {
    pub fn of(document: &Value) -> Self {
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let paths = object(&document["paths"]).iter().map(Path::of).collect();
        Self { paths, schemas: object(&document["components"]["schemas"]) }
    }

    /// The methods that a path takes, as `Allow` says them.
    pub fn allowed(&self, path: &str) -> String {
        let methods = self.path(path).map(|path| path.methods.keys().cloned());
        methods.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// What of the request would be overlooked or taken for something else, for people.
    pub fn misread(&self, request: &Request, body: &[u8]) -> Option<String> {
        let path = self.path(request.uri().path())?;
        let operation = path.methods.get(request.method().as_str())?;
        let query: Vec<(String, String)> = request.params().unwrap_or_default();
        if let Some((name, _)) = query.iter().find(|(name, _)| !operation.query.contains(name)) {
            let known = operation.query.join(", ");
            return Some(format!("there is no parameter {name:?} here, but: {known}"));
        }
        // An `If-Match` that was passed over would be a lost update.
        let readable = |byte: &u8| (b' '..=b'~').contains(byte);
        let unreadable = |name: &&String| {
            let values = request.headers().get_all(name.as_str());
            values.iter().any(|value| !value.as_bytes().iter().all(readable))
        };
        if let Some(name) = operation.headers.iter().find(unreadable) {
            return Some(format!("header {name}: only printable ASCII can be read"));
        }
        // What is no JSON is told so by whoever reads it.
        let body = serde_json::from_slice(body).ok()?;
        let place = self.not_text(operation.body.as_ref()?, &body, "the body")?;
        Some(format!("{place}: a text is expected, in quotes"))
    }

    /// The one that has most in common with it, as the router chooses.
    fn path(&self, path: &str) -> Option<&Path> {
        let path = path.strip_prefix(api::PATH)?.trim_matches('/');
        let segments: Vec<&str> = path.split('/').collect();
        let fits = self.paths.iter().filter(|path| path.fits(&segments));
        fits.max_by_key(|path| path.fixed())
    }

    fn not_text(&self, schema: &Value, value: &Value, place: &str) -> Option<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = self.schemas.get(reference.rsplit('/').next()?)?;
            return self.not_text(schema, value, place);
        }
        let parts = schema["allOf"].as_array().into_iter().flatten();
        if let Some(found) = parts.into_iter().find_map(|part| self.not_text(part, value, place)) {
            return Some(found);
        }
        match value {
            Value::Number(_) | Value::Bool(_) if schema["type"] == "string" => {
                Some(place.to_owned())
            }
            Value::Array(items) => {
                items.iter().find_map(|item| self.not_text(&schema["items"], item, place))
            }
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                let known = schema["properties"].get(name);
                self.not_text(known.unwrap_or(&schema["additionalProperties"]), value, name)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}

impl Path {
    fn of((path, operations): (&String, &Value)) -> Self {
        let segment = |text: &str| {
            if text.starts_with('{') { Segment::Any } else { Segment::Fixed(text.to_owned()) }
        };
        let method = |(method, operation): (&String, &Value)| {
            (method.to_uppercase(), Operation::of(operation))
        };
        Self {
            segments: path.trim_matches('/').split('/').map(segment).collect(),
            methods: operations.as_object().into_iter().flatten().map(method).collect(),
        }
    }

    fn fits(&self, segments: &[&str]) -> bool {
        let fits = |(known, said): (&Segment, &&str)| match known {
            Segment::Fixed(text) => text == said,
            Segment::Any => !said.is_empty(),
        };
        self.segments.len() == segments.len() && self.segments.iter().zip(segments).all(fits)
    }

    fn fixed(&self) -> usize {
        self.segments.iter().filter(|segment| matches!(segment, Segment::Fixed(_))).count()
    }
}

impl Operation {
    fn of(operation: &Value) -> Self {
        let parameters = |place: &str| -> Vec<String> {
            let all = operation["parameters"].as_array().into_iter().flatten();
            let there = all.filter(|parameter| parameter["in"] == place);
            there.filter_map(|it| it["name"].as_str().map(ToOwned::to_owned)).collect()
        };
        let content = &operation["requestBody"]["content"]["application/json"];
        Self {
            query: parameters("query"),
            // A reason may be in any script; whoever notes it reads it.
            headers: parameters("header").into_iter().filter(|name| name != REASON).collect(),
            body: content.get("schema").cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::Method;

    use super::*;
    use crate::OPENAPI;

    fn contract() -> Contract {
        Contract::of(&serde_json::from_str(OPENAPI).unwrap())
    }

    fn misread(method: Method, path: &str, body: &str) -> Option<String> {
        let request = Request::builder().method(method).uri_str(format!("/control/v1/{path}"));
        contract().misread(&request.finish(), body.as_bytes())
    }

    #[test]
    fn a_path_takes_the_methods_that_the_description_names() {
        assert_eq!(contract().allowed("/control/v1/projects"), "GET, POST");
        assert_eq!(contract().allowed("/control/v1/keys/key_1/revoke"), "POST");
        assert_eq!(contract().allowed("/control/v1/nothing"), "");
    }

    #[test]
    fn a_parameter_that_is_not_described_is_not_overlooked() {
        assert_eq!(misread(Method::GET, "keys?limit=1&project=physics", ""), None);
        let misspelt = misread(Method::GET, "keys?projct=physics", "").unwrap();
        assert!(misspelt.contains("\"projct\"") && misspelt.contains("project"), "{misspelt}");
    }

    #[test]
    fn a_text_is_neither_a_number_nor_a_truth_value() {
        let misread = |path: &str, body: &str| {
            let place = misread(Method::POST, path, body)?;
            place.split_once(':').map(|(place, _)| place.to_owned())
        };
        assert_eq!(misread("projects", r#"{"name":true}"#).as_deref(), Some("name"));
        assert_eq!(misread("projects", r#"{"name":"true"}"#), None);
        assert_eq!(misread("keys", r#"{"models":["a",1]}"#).as_deref(), Some("models"));
        let upstream = r#"{"name":"a","upstreams":[{"url":1,"max_in_flight":1}]}"#;
        assert_eq!(misread("models", upstream).as_deref(), Some("url"));
        assert_eq!(misread("projects", "{"), None);
    }
}
