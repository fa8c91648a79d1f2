//! What is read from a body, and what is said of a body that cannot be served.

use super::*;

fn read(body: &str) -> Result<ChatRequest, BadRequest> {
    ChatRequest::read(body.as_bytes())
}

fn refusal(body: &str) -> (String, Option<&'static str>) {
    let error = read(body).unwrap_err();
    (error.to_string(), error.param())
}

#[test]
fn a_body_with_a_model_and_nothing_else_asks_for_one_whole_answer() {
    let body = r#" {"messages": [], "model": "llama-3.1"} "#;
    let request = read(body).unwrap();
    assert_eq!(request.model, "llama-3.1");
    assert_eq!(
        (request.stream, request.include_usage, request.max_tokens, request.n),
        (false, false, None, 1)
    );
    assert_eq!(&body[request.spans.model], r#""llama-3.1""#);
}

#[test]
fn everything_that_matters_is_read() {
    let request = read(
        r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"n":2,"max_completion_tokens":7,"max_tokens":9}"#,
    )
    .unwrap();
    assert_eq!(
        (request.stream, request.include_usage, request.max_tokens, request.n),
        (true, true, Some(7), 2)
    );
    assert_eq!(read(r#"{"model":"m","max_tokens":9.0}"#).unwrap().max_tokens, Some(9));
}

#[test]
fn null_is_as_good_as_absent() {
    let request =
        read(r#"{"model":"m","stream":null,"stream_options":null,"n":null,"max_completion_tokens":null,"max_tokens":4}"#)
            .unwrap();
    assert_eq!(
        (request.stream, request.include_usage, request.max_tokens, request.n),
        (false, false, Some(4), 1)
    );
}

#[test]
fn a_negative_bound_is_no_bound() {
    assert_eq!(read(r#"{"model":"m","max_tokens":-1}"#).unwrap().max_tokens, None);
}

#[test]
fn an_escaped_spelling_is_the_same_name() {
    let request = read(r#"{"mod\u0065l":"org\/model \u00e9","\u006e":3}"#).unwrap();
    assert_eq!((request.model.as_str(), request.n), ("org/model é", 3));
}

#[test]
fn only_the_outermost_object_is_asked() {
    let request = read(r#"{"metadata":{"model":"other","stream":true},"model":"m"}"#).unwrap();
    assert_eq!((request.model.as_str(), request.stream), ("m", false));
}

#[test]
fn a_body_without_a_model_is_told_so() {
    assert_eq!(refusal("{}"), ("missing required parameter: 'model'".into(), Some("model")));
    assert_eq!(
        refusal(r#"{"model":7}"#),
        ("invalid type for 'model': expected a string".into(), Some("model"))
    );
}

#[test]
fn a_body_that_is_no_json_object_is_told_so() {
    assert_eq!(refusal("[]"), ("the body is not a JSON object".into(), None));
    assert_eq!(
        refusal(""),
        ("the body is not valid JSON: no value where one belongs at byte 0".into(), None)
    );
    assert_eq!(
        refusal(r#"{"model":"m"} x"#),
        (
            "the body is not valid JSON: something after the end of the document at byte 14".into(),
            None
        )
    );
}

#[test]
fn a_wrong_type_names_its_parameter() {
    for (body, param) in [
        (r#"{"model":"m","stream":"yes"}"#, "stream"),
        (r#"{"model":"m","stream_options":true}"#, "stream_options"),
        (r#"{"model":"m","stream_options":{"include_usage":1}}"#, "stream_options.include_usage"),
        (r#"{"model":"m","max_tokens":1.5}"#, "max_tokens"),
        (r#"{"model":"m","max_completion_tokens":"9"}"#, "max_completion_tokens"),
        (r#"{"model":"m","n":[1]}"#, "n"),
        (r#"{"model":"m","n":0}"#, "n"),
        (r#"{"model":"m","n":129}"#, "n"),
    ] {
        assert_eq!(read(body).unwrap_err().param(), Some(param), "{body}");
    }
}

#[test]
fn a_parameter_given_twice_is_not_guessed_at() {
    for (body, param) in [
        (r#"{"model":"cheap","model":"dear"}"#, "model"),
        (r#"{"model":"cheap","mode\u006c":"dear"}"#, "model"),
        (r#"{"model":"m","messages":[],"messages":[]}"#, "messages"),
        (
            r#"{"model":"m","stream_options":{"include_usage":true,"include_usage":false}}"#,
            "stream_options.include_usage",
        ),
    ] {
        assert_eq!(read(body), Err(BadRequest::Duplicate { param }));
    }
}
