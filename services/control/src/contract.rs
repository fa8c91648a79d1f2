//! What the API's description promises and the framework does not keep: what a request says is held against the
//! description before anybody reads it, and whatever does not fit is told by its place, what stands there, and what may.

mod schema;

use std::{borrow::Cow, collections::BTreeMap};

use percent_encoding::percent_decode_str;
use poem::{
    Request,
    http::{Method, header},
};
use serde_json::{Map, Value};

use self::schema::{Schemas, shown};
use crate::{api, origin::REASON, problem::Problem};

pub struct Contract {
    paths: Vec<Path>,
    schemas: Schemas,
}

struct Path {
    segments: Vec<Segment>,
    methods: BTreeMap<String, Operation>,
}

struct Operation {
    /// In the query, with their schemas.
    query: Vec<Parameter>,
    /// The names of those in headers.
    headers: Vec<String>,
    /// The schema of the body that it wants.
    body: Option<Value>,
}

struct Parameter {
    name: String,
    schema: Value,
    required: bool,
}

enum Segment {
    Fixed(String),
    Any,
}

impl Contract {
    pub fn of(document: &Value) -> Self {
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let paths = object(&document["paths"]).iter().map(Path::of).collect();
        Self { paths, schemas: Schemas::new(object(&document["components"]["schemas"])) }
    }

    /// The methods that a path takes, as `Allow` says them.
    pub fn allowed(&self, path: &str) -> String {
        let methods = self.path(path).map(|path| path.methods.keys().cloned());
        methods.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether the request is one that the description has. What it has not is told by whoever routes it.
    pub fn check(&self, request: &Request, body: &[u8]) -> Result<(), Problem> {
        if percent_decode_str(request.uri().path()).decode_utf8().is_err() {
            return Err(Problem::malformed(
                "the path is not UTF-8 once its percent signs are read",
            ));
        }
        let Some(path) = self.path(request.uri().path()) else { return Ok(()) };
        let method =
            if *request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let Some(operation) = path.methods.get(method.as_str()) else { return Ok(()) };
        self.check_query(operation, request)?;
        check_headers(operation, request)?;
        let Some(schema) = &operation.body else { return Ok(()) };
        let body = read_body(request, body)?;
        self.schemas.check(schema, &body, "").map_err(Problem::malformed)
    }

    fn check_query(&self, operation: &Operation, request: &Request) -> Result<(), Problem> {
        let said: Vec<(String, String)> = request.params().unwrap_or_default();
        for (place, (name, value)) in said.iter().enumerate() {
            let Some(known) = operation.query.iter().find(|known| known.name == *name) else {
                return Err(operation.unknown_parameter(name));
            };
            if said[..place].iter().any(|(before, _)| before == name) {
                return Err(Problem::malformed(format!("{name}: it is said twice")));
            }
            self.schemas.check_text(&known.schema, value, name).map_err(Problem::malformed)?;
        }
        let missing = operation.query.iter().filter(|known| known.required);
        let missing = missing.filter(|known| !said.iter().any(|(name, _)| *name == known.name));
        match missing.map(|known| known.name.clone()).next() {
            Some(name) => Err(Problem::malformed(format!("{name}: this parameter is missing"))),
            None => Ok(()),
        }
    }

    /// The one that has most in common with it, as the router chooses.
    fn path(&self, path: &str) -> Option<&Path> {
        let path = path.strip_prefix(api::PATH)?.trim_matches('/');
        let segments: Vec<&str> = path.split('/').collect();
        let fits = self.paths.iter().filter(|path| path.fits(&segments));
        fits.max_by_key(|path| path.fixed())
    }
}

/// An `If-Match` that was passed over would be a lost update.
fn check_headers(operation: &Operation, request: &Request) -> Result<(), Problem> {
    let readable = |byte: &u8| (b' '..=b'~').contains(byte);
    for name in &operation.headers {
        let values: Vec<_> = request.headers().get_all(name.as_str()).iter().collect();
        if !values.iter().all(|value| value.as_bytes().iter().all(readable)) {
            let text = format!("header {name}: only printable ASCII can be read");
            return Err(Problem::malformed(text));
        }
        if values.len() > 1 {
            return Err(Problem::malformed(format!("header {name}: it is said twice")));
        }
    }
    Ok(())
}

/// The body as JSON, if it says that it is.
fn read_body(request: &Request, body: &[u8]) -> Result<Value, Problem> {
    let said = request.headers().get(header::CONTENT_TYPE);
    let said = said.map_or(Cow::Borrowed(""), |said| String::from_utf8_lossy(said.as_bytes()));
    let kind = said.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let found = if kind.is_empty() { "nothing".to_owned() } else { shown(kind) };
        return Err(Problem::not_json(format!(
            "Content-Type: application/json is expected, not {found}"
        )));
    }
    if body.is_empty() {
        return Err(Problem::malformed("the body is missing: a JSON object is expected"));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let place = error.valid_up_to();
        Problem::malformed(format!("the body is not UTF-8: byte {place} belongs to no character"))
    })?;
    serde_json::from_str(text).map_err(|error| {
        let what = if error.is_eof() { "it ends too early" } else { "what stands there is none" };
        let (line, column) = (error.line(), error.column());
        Problem::malformed(format!("the body is not JSON: {what}, in line {line}, column {column}"))
    })
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
        let parameters = |place: &str| -> Vec<Parameter> {
            let all = operation["parameters"].as_array().into_iter().flatten();
            all.filter(|parameter| parameter["in"] == place).filter_map(Parameter::of).collect()
        };
        let content = &operation["requestBody"]["content"]["application/json"];
        let headers = parameters("header").into_iter().map(|parameter| parameter.name);
        Self {
            query: parameters("query"),
            // A reason may be in any script; whoever notes it reads it.
            headers: headers.filter(|name| name != REASON).collect(),
            body: content.get("schema").cloned(),
        }
    }
}

impl Operation {
    fn unknown_parameter(&self, name: &str) -> Problem {
        let known: Vec<&str> = self.query.iter().map(|known| known.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Problem::malformed(format!("there is no parameter {} here, but: {known}", shown(name)))
    }
}

impl Parameter {
    fn of(parameter: &Value) -> Option<Self> {
        let name = parameter["name"].as_str()?.to_owned();
        let required = parameter["required"] == true;
        Some(Self { name, schema: parameter["schema"].clone(), required })
    }
}

type Fields = Map<String, Value>;

#[cfg(test)]
mod spec;
