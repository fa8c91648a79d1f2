//! What of a request is refused before anybody reads it, and in which words.

use poem::http::Method;

use super::*;
use crate::OPENAPI;

fn contract() -> Contract {
    Contract::of(&serde_json::from_str(OPENAPI).unwrap())
}

fn refused(method: Method, path: &str, body: &[u8]) -> Option<(u16, String)> {
    let request = Request::builder()
        .method(method)
        .uri_str(format!("/control/v1/{path}"))
        .content_type("application/json; charset=utf-8");
    let problem = contract().check(&request.finish(), body).err()?;
    Some((problem.status(), problem.detail().to_owned()))
}

/// Of a POST.
fn said(path: &str, body: &str) -> Option<String> {
    refused(Method::POST, path, body.as_bytes()).map(|(status, detail)| {
        assert_eq!(status, 400, "{detail}");
        detail
    })
}

fn asked(query: &str) -> Option<String> {
    refused(Method::GET, query, b"").map(|(_, detail)| detail)
}

#[test]
fn a_path_takes_the_methods_that_the_description_names() {
    assert_eq!(contract().allowed("/control/v1/projects"), "GET, POST");
    assert_eq!(contract().allowed("/control/v1/keys/key_1/revoke"), "POST");
    assert_eq!(contract().allowed("/control/v1/nothing"), "");
}

#[test]
fn a_parameter_that_is_not_described_is_not_overlooked() {
    assert_eq!(asked("keys?limit=1&project=physics"), None);
    let misspelt = asked("keys?projct=physics").unwrap();
    assert!(misspelt.contains("\"projct\"") && misspelt.contains("project"), "{misspelt}");
    assert_eq!(asked("keys?limit=1&limit=2").unwrap(), "limit: it is said twice");
}

#[test]
fn a_parameter_is_told_by_its_name_what_it_said_and_what_it_may_say() {
    for (query, told) in [
        ("keys?limit=0", "limit: a whole number from 1 to 1000 is expected, not \"0\""),
        ("keys?limit=-1", "limit: a whole number from 1 to 1000 is expected, not \"-1\""),
        (
            "keys?limit=1000000000",
            "limit: a whole number from 1 to 1000 is expected, not \"1000000000\"",
        ),
        ("keys?limit=", "limit: a whole number from 1 to 1000 is expected, not \"\""),
        ("models?kind=mine", "kind: local or remote is expected, not \"mine\""),
        (
            "usage?by=project,colour",
            "by: project, key, model, operation or hour is expected, not \"colour\"",
        ),
        (
            "usage?from=yesterday",
            "from: a time like 2026-11-23T10:33:20Z is expected, not \"yesterday\"",
        ),
    ] {
        assert_eq!(asked(query).as_deref(), Some(told), "{query}");
    }
}

#[test]
fn a_field_is_told_by_its_place_what_stands_there_and_what_may() {
    for (path, body, told) in [
        ("projects", r#"{"name":true}"#, "name: a text in quotes is expected, not true"),
        (
            "keys",
            r#"{"project":"a","name":""}"#,
            "name: a text of 1 to 128 characters is expected, not \"\"",
        ),
        ("projects", r#"{"name":null}"#, "name: a text in quotes is expected, not null"),
        ("projects", "{}", "name: this field is missing"),
        (
            "projects",
            r#"{"name":"a","nmae":1}"#,
            "there is no field \"nmae\" here, but: budget, limits, name, owner",
        ),
        ("projects", "[]", "the body: an object is expected, not a list"),
        ("keys", r#"{"models":["a",1]}"#, "models[1]: a text in quotes is expected, not 1"),
        ("keys", r#"{"model_limits":{"a":1}}"#, "model_limits.a: an object is expected, not 1"),
        (
            "models",
            r#"{"name":"a","upstreams":[{"url":1}]}"#,
            "upstreams[0].url: a text in quotes is expected, not 1",
        ),
        (
            "models",
            r#"{"name":"a","upstreams":[{"url":"x","key":1}]}"#,
            "upstreams[0]: there is no field \"key\" here, but: api_key_env, api_key_secret, id, max_in_flight, model, stream_options, url, weight",
        ),
        (
            "models",
            r#"{"name":"a","kind":"mine"}"#,
            "kind: local or remote is expected, not \"mine\"",
        ),
        (
            "models",
            r#"{"name":"a","max_processes":-1}"#,
            "max_processes: a whole number from 0 to 4294967295 is expected, not -1",
        ),
        (
            "models",
            r#"{"name":"a","max_processes":1.5}"#,
            "max_processes: a whole number from 0 to 4294967295 is expected, not 1.5",
        ),
    ] {
        assert_eq!(said(path, body).as_deref(), Some(told), "{body}");
    }
    assert_eq!(said("projects", r#"{"name":"true","owner":null}"#), None);
}

#[test]
fn a_secret_is_not_told_back() {
    let told = said("sessions", r#"{"email":"a@b","password":["canary"],"more":1}"#).unwrap();
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_body_that_is_no_json_is_told_where() {
    for (body, told) in [
        (&b""[..], "the body is missing: a JSON object is expected"),
        (b"{", "the body is not JSON: it ends too early, in line 1, column 1"),
        (b"{\n \"a\": x}", "the body is not JSON: what stands there is none, in line 2, column 7"),
        (b"{\"name\":\"\xff\"}", "the body is not UTF-8: byte 9 belongs to no character"),
    ] {
        assert_eq!(refused(Method::POST, "projects", body), Some((400, told.to_owned())));
    }
}

#[test]
fn a_body_says_that_it_is_json() {
    let request = |kind: &str| {
        let request = Request::builder().method(Method::POST).content_type(kind);
        let request = request.uri_str("/control/v1/projects").finish();
        contract().check(&request, b"{\"name\":\"a\"}").err().map(|problem| problem.status())
    };
    assert_eq!(request("application/json"), None);
    assert_eq!(request("Application/JSON;charset=utf-8"), None);
    assert_eq!(request("text/plain"), Some(415));
}
