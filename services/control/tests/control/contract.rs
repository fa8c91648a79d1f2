//! Every parameter and every field of the API with what does not belong there: the answer names it, what stands there
//! and what may, and speaks no framework's words.

use poem::{Body, http::Method};
use serde_json::{Map, Value, json};

use crate::installation::{ApiResponse, Installation, request};

/// Of the framework, of its readers, or of nobody who wrote a sentence about it.
const RAW: [&str; 12] = [
    "occurred while parsing",
    "parse request payload",
    "failed to parse",
    "invalid type",
    "missing field",
    "unknown field",
    "expected value",
    "Expected input type",
    "not found",
    "method not allowed",
    "payload too large",
    "as the description has it",
];

struct Walk {
    installation: Installation,
    document: Value,
    asked: usize,
}

impl Walk {
    async fn ask(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> ApiResponse {
        self.asked += 1;
        let method: Method = method.to_uppercase().parse().unwrap();
        let request = request(method, path);
        let request = match body {
            Some(body) => request.content_type("application/json").body(Body::from(body.to_vec())),
            None => request.finish(),
        };
        self.installation.send(request).await
    }

    fn resolved(&self, schema: &Value) -> Value {
        let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
        match reference {
            Some(reference) => {
                let name = reference.rsplit('/').next().unwrap();
                self.resolved(&self.document["components"]["schemas"][name])
            }
            None => schema.clone(),
        }
    }

    /// A body that the description allows.
    fn example(&self, schema: &Value) -> Value {
        let schema = self.resolved(schema);
        if let Some(word) = schema["enum"][0].as_str() {
            return json!(word);
        }
        match schema["type"].as_str().unwrap_or_default() {
            "string" if schema["format"] == "date-time" => json!("2026-11-23T10:33:20Z"),
            "string" => json!(
                "x".repeat(usize::try_from(schema["minLength"].as_u64().unwrap_or(1)).unwrap())
            ),
            "integer" => schema["minimum"].clone(),
            "boolean" => json!(true),
            "array" => json!([]),
            _ => {
                let names = schema["required"].as_array().cloned().unwrap_or_default();
                let names = names.iter().map(|name| name.as_str().unwrap());
                let field =
                    |name: &str| (name.to_owned(), self.example(&schema["properties"][name]));
                Value::Object(names.map(field).collect())
            }
        }
    }
}

/// What is none of the type, nor of the text, that a schema asks for.
fn wrong(schema: &Value) -> Vec<Value> {
    let mut wrong = match schema["type"].as_str().unwrap_or_default() {
        "string" => vec![json!(7), json!(true), json!([])],
        "integer" => vec![json!("seven"), json!(-1), json!(1.5), json!(3.7e19)],
        "boolean" => vec![json!("yes"), json!(1)],
        "array" => vec![json!("a"), json!({})],
        _ => vec![json!("a"), json!([]), json!(1)],
    };
    if schema["enum"].is_array() {
        wrong.push(json!("canary"));
    }
    wrong
}

/// It is a sentence of ours that names the place.
fn explains(answer: &ApiResponse, status: u16, place: &str, said: &str) {
    assert_eq!(answer.status, status, "{said}: {answer:?}");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains(place), "{said}: {detail}");
    assert!(!RAW.iter().any(|raw| detail.contains(raw)), "{said}: {detail}");
}

#[tokio::test]
async fn whatever_does_not_fit_the_description_is_explained() {
    let document: Value = serde_json::from_str(uplion_control::OPENAPI).unwrap();
    let installation = Installation::start().await;
    let mut walk = Walk { installation, document, asked: 0 };
    let paths = walk.document["paths"].as_object().unwrap().clone();
    for (path, operations) in &paths {
        let path = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        for (method, operation) in operations.as_object().unwrap() {
            parameters(&mut walk, method, &path, operation).await;
            if operation["requestBody"].is_object() {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                bodies(&mut walk, method, &path, schema).await;
            }
        }
        let answer = walk.ask("TRACE", &path, None).await;
        explains(&answer, 405, "this path takes", &path);
        assert!(!answer.header("allow").is_empty(), "{path}: {answer:?}");
    }
    assert!(walk.asked > 500, "{} calls are not all of them", walk.asked);
}

async fn parameters(walk: &mut Walk, method: &str, path: &str, operation: &Value) {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let query: Vec<Value> = parameters.into_iter().filter(|one| one["in"] == "query").collect();
    let unknown = walk.ask(method, &format!("{path}?canary=1"), None).await;
    explains(&unknown, 400, "canary", path);
    for parameter in &query {
        let name = parameter["name"].as_str().unwrap();
        let schema = walk.resolved(&parameter["schema"]);
        let items = walk.resolved(&schema["items"]);
        let schema = if schema["type"] == "array" { items } else { schema };
        let mut values = match schema["type"].as_str().unwrap() {
            "integer" | "boolean" => vec!["canary", "", "-1", "1.5", "99999999999999999999999"],
            _ if schema["enum"].is_array() || schema["format"] == "date-time" => vec!["canary", ""],
            _ => vec![],
        };
        if name == "limit" {
            values.extend(["0", "1001", "1000000000"]);
        }
        for value in values {
            let said = format!("{path}?{name}={value}");
            let answer = walk.ask(method, &said, None).await;
            explains(&answer, 400, &format!("{name}: "), &said);
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("is expected") && detail.contains(value), "{said}: {detail}");
        }
        let twice = format!("{path}?{name}=a&{name}=b");
        let answer = walk.ask(method, &twice, None).await;
        explains(&answer, 400, name, &twice);
    }
}

async fn bodies(walk: &mut Walk, method: &str, path: &str, schema: &Value) {
    for body in [&b""[..], b"{", b"nothing", b"[]", b"\"a\"", b"{\"a\":\xff}", b"null"] {
        let answer = walk.ask(method, path, Some(body)).await;
        explains(&answer, 400, "body", path);
    }
    let whole = walk.example(schema);
    fields(walk, (method, path), &whole, schema, &mut Vec::new()).await;
}

/// Each field by itself wrong in a body that is right.
async fn fields(
    walk: &mut Walk,
    (method, path): (&str, &str),
    whole: &Value,
    schema: &Value,
    place: &mut Vec<String>,
) {
    let schema = walk.resolved(schema);
    for (name, field) in schema["properties"].as_object().unwrap_or(&Map::new()) {
        let field = walk.resolved(field);
        place.push(name.clone());
        for value in wrong(&field) {
            let body = with(whole, place, value.clone());
            let answer = walk.ask(method, path, Some(body.to_string().as_bytes())).await;
            let said = format!("{method} {path} {body}");
            explains(&answer, 400, &place.join("."), &said);
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("is expected"), "{said}: {detail}");
        }
        if schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name)) {
            let mut body = whole.clone();
            let mut inner = &mut body;
            for name in &place[..place.len() - 1] {
                inner = &mut inner[name];
            }
            inner.as_object_mut().unwrap().remove(name);
            let answer = walk.ask(method, path, Some(body.to_string().as_bytes())).await;
            explains(&answer, 400, &format!("{}: this field is missing", place.join(".")), path);
        }
        if field["type"] == "object" && field["properties"].is_object() && place.len() < 4 {
            let inner = with(whole, place, walk.example(&field));
            Box::pin(fields(walk, (method, path), &inner, &field, place)).await;
        }
        place.pop();
    }
    place.push("canary".to_owned());
    let body = with(whole, place, json!(1));
    place.pop();
    let answer = walk.ask(method, path, Some(body.to_string().as_bytes())).await;
    if schema["additionalProperties"] == false {
        explains(&answer, 400, "there is no field \"canary\" here, but: ", &body.to_string());
    }
}

fn with(whole: &Value, place: &[String], value: Value) -> Value {
    let mut body = whole.clone();
    let mut inner = &mut body;
    for name in place {
        inner = &mut inner[name.as_str()];
    }
    *inner = value;
    body
}

#[tokio::test]
async fn a_place_that_no_list_has_and_a_span_that_ends_before_it_begins_are_refused() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    for list in [
        "/projects",
        "/users",
        "/keys",
        "/admin-keys",
        "/models",
        "/prices",
        "/workers",
        "/requests",
        "/charges",
        "/sessions?all=true",
        "/events",
        "/usage",
        &format!("/projects/{project}/members"),
        &format!("/changes?kind=project&id={project}"),
    ] {
        let and = if list.contains('?') { '&' } else { '?' };
        let unknown = [
            "canary",
            "prj_00000000000000000000000000000007",
            "req_7",
            "usr_00000000000000000000000000000007",
            "",
        ];
        let unknown = if list.starts_with("/changes") { vec!["99"] } else { unknown.to_vec() };
        for place in unknown {
            let answer = installation.get(&format!("{list}{and}after={place}")).await;
            explains(&answer, 422, "after: ", list);
            assert_eq!(answer.body["code"], "rejected", "{list}: {answer:?}");
        }
    }
    for list in ["/requests", "/charges", "/events", "/usage"] {
        let (from, to) = ("2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z");
        let answer = installation.get(&format!("{list}?from={from}&to={to}")).await;
        explains(&answer, 422, "from is after to", list);
    }
    let projects = installation.get(&format!("/projects?after={project}&limit=1000")).await;
    assert_eq!((projects.status, &projects.body["data"]), (200, &json!([])), "{projects:?}");
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_told_with_its_field() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let key = |field: &str, value: &str| {
        let mut body = json!({ "project": "physics", "name": "ci" });
        body[field] = json!(value);
        ("/keys", body)
    };
    let price = |field: &str, value: Value| {
        let mut body = json!({ "model": "llama", "input": "1", "output": "1" });
        body[field] = value;
        ("/prices", body)
    };
    let night = json!([{ "when": { "from": "22", "until": "06:00" }, "rates": { "input": "1" } }]);
    for ((path, body), place, value) in [
        (key("expires_at", "tomorrow"), "expires_at", "tomorrow"),
        (price("effective_from", json!("now")), "effective_from", "now"),
        (price("input", json!("much")), "input", "much"),
        (price("rates", json!({ "images": "a few" })), "images", "a few"),
        (price("rules", night), "from", "22"),
    ] {
        let answer = installation.post(path, body).await;
        explains(&answer, 422, place, path);
        assert!(answer.body["detail"].as_str().unwrap().contains(value), "{answer:?}");
    }
}

#[tokio::test]
async fn a_value_that_a_rule_refuses_is_told_with_its_field_and_what_may_be_said() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    installation.post("/users", json!({ "email": "ada@example.org", "name": "Ada" })).await.made();
    let upstream = |field: &str, value: Value| {
        let mut upstream = json!({ "url": "http://host/v1" });
        upstream[field] = value;
        ("/models", json!({ "name": "m", "upstreams": [upstream] }))
    };
    let key = |field: &str, value: Value| {
        ("/keys", json!({ "project": "physics", "name": "k", field: value }))
    };
    let project = |amount: &str| {
        ("/projects", json!({ "name": "p", "budget": { "amount": amount, "period": "day" } }))
    };
    let price = |unit: &str, rate: &str| {
        ("/prices", json!({ "model": "llama", "request": "1", "rates": { unit: rate } }))
    };
    for ((path, body), status, parts) in [
        (upstream("url", json!("nonsense")), 422, vec!["URL", "https://", "nonsense"]),
        (upstream("weight", json!(0)), 422, vec!["weight: ", "from 1 to"]),
        (upstream("max_in_flight", json!(0)), 422, vec!["max_in_flight: ", "from 1"]),
        (upstream("api_key_env", json!("sk canary")), 422, vec!["api_key_env: ", "variable"]),
        (project("0"), 422, vec!["budget.amount: ", "above 0"]),
        (project("99999999999"), 422, vec!["budget.amount: ", "at most"]),
        (
            key("budget", json!({ "amount": "much", "period": "day" })),
            422,
            vec!["budget.amount", "\"much\""],
        ),
        (key("models", json!(["nope"])), 422, vec!["no model is called \"nope\""]),
        (price("images", "-1"), 422, vec!["images: ", "from 0 to", "-1"]),
        (price("Bad Unit", "1"), 422, vec!["unit: ", "lower-case", "\"Bad Unit\""]),
        (
            ("/users", json!({ "email": "x", "name": "X" })),
            422,
            vec!["email: ", "ada@example.org", "\"x\""],
        ),
        (
            ("/users", json!({ "email": "ADA@example.org", "name": "X" })),
            409,
            vec!["email: ", "another person"],
        ),
    ] {
        let answer = installation.post(path, body.clone()).await;
        explains(&answer, status, parts[0], &body.to_string());
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(parts.iter().all(|part| detail.contains(part)), "{body}: {detail}");
        assert!(!detail.contains("canary"), "{detail}");
    }
    for (query, parts) in [
        ("stream=OTHER", ["stream: ", "TRAFFIC, CONTROL, WORKERS", "\"OTHER\""]),
        ("order=sideways", ["order: ", "oldest or newest", "\"sideways\""]),
    ] {
        let answer = installation.get(&format!("/events?{query}")).await;
        explains(&answer, 422, parts[0], query);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(parts.iter().all(|part| detail.contains(part)), "{query}: {detail}");
    }
}

#[tokio::test]
async fn a_price_says_what_all_costs_that_the_model_is_asked_for() {
    let installation = Installation::start().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let embedding = json!({ "name": "bert", "operations": ["embedding"] });
    installation.post("/models", embedding).await.made();
    let set = |body: Value| installation.post("/prices", body);
    for (body, missing) in [
        (json!({ "model": "llama", "input": "1" }), "output"),
        (json!({ "model": "llama", "output": "1" }), "input"),
        (json!({ "model": "llama", "cached_input": "1" }), "input"),
        (json!({ "model": "bert", "output": "1" }), "input"),
        (
            json!({ "model": "llama", "input": "1", "output": "1",
            "rules": [{ "when": { "context_above": 9 }, "rates": { "input": "2" } }] }),
            "output",
        ),
    ] {
        let answer = set(body.clone()).await;
        answer.problem(422, "rejected");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(missing) && detail.contains("say 0"), "{body}: {detail}");
    }
    for body in [
        json!({ "model": "llama", "input": "1", "output": "0" }),
        json!({ "model": "llama", "input": "0", "output": "0" }),
        json!({ "model": "llama", "request": "1" }),
        json!({ "model": "llama", "rates": { "images": "1" } }),
        json!({ "model": "bert", "input": "1" }),
    ] {
        set(body).await.made();
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_with_what_is_read_instead() {
    let installation = Installation::without_projector().await;
    let post = request(Method::POST, "/projects").content_type("application/json");
    let post = post.header("Content-Encoding", "gzip").body(Body::from(vec![0x1f, 0x8b]));
    let answer = installation.send(post).await;
    answer.problem(415, "encoded_body");
    assert!(answer.body["detail"].as_str().unwrap().contains("gzip"), "{answer:?}");
    assert_eq!(answer.header("accept-encoding"), "identity");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_as_such() {
    let installation = Installation::without_projector().await;
    for path in ["/%ff", "/models/%ff", "/models/%ff/upstreams"] {
        let answer = installation.get(path).await;
        explains(&answer, 400, "the path is not UTF-8", path);
    }
}

#[tokio::test]
async fn what_a_path_takes_is_told_without_a_key() {
    let installation = Installation::without_projector().await;
    for method in [Method::POST, Method::DELETE, Method::TRACE] {
        let answer = installation.send(request(method, "/openapi.json").finish()).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET", "{answer:?}");
    }
    let options = crate::installation::anonymous(Method::OPTIONS, "/projects").finish();
    let answer = installation.send(options).await;
    assert_eq!((answer.status, answer.header("allow")), (204, "GET, POST"));
    let head = installation.send(request(Method::HEAD, "/installation").finish()).await;
    let get = installation.get("/installation").await;
    assert_eq!(head.status, get.status, "{head:?}");
}
