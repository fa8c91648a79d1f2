//! What is read from a body, and what is said of a body that cannot be served.

use super::*;

fn read(body: &str) -> Result<Read, BadRequest> {
    super::read(body.as_bytes())
}

/// Streamed, usage wanted, most output, answers.
fn asked(read: &Read) -> (bool, bool, Option<u64>, u64) {
    (read.forwarding.streamed, read.forwarding.usage_wanted, read.most_output, read.n)
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
    assert_eq!(asked(&request), (false, false, None, 1));
    assert_eq!(&body[request.forwarding.model()], r#""llama-3.1""#);
}

#[test]
fn everything_that_matters_is_read() {
    let request = read(
        r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"n":2,"max_completion_tokens":7,"max_tokens":9}"#,
    )
    .unwrap();
    assert_eq!(asked(&request), (true, true, Some(7), 2));
    assert_eq!(read(r#"{"model":"m","max_tokens":9.0}"#).unwrap().most_output, Some(9));
}

#[test]
fn null_is_as_good_as_absent() {
    let request =
        read(r#"{"model":"m","stream":null,"stream_options":null,"n":null,"max_completion_tokens":null,"max_tokens":4}"#)
            .unwrap();
    assert_eq!(asked(&request), (false, false, Some(4), 1));
}

#[test]
fn a_negative_bound_is_no_bound() {
    assert_eq!(read(r#"{"model":"m","max_tokens":-1}"#).unwrap().most_output, None);
}

#[test]
fn an_escaped_spelling_is_the_same_name() {
    let request = read(r#"{"mod\u0065l":"org\/model \u00e9","\u006e":3}"#).unwrap();
    assert_eq!((request.model.as_str(), request.n), ("org/model é", 3));
}

#[test]
fn only_the_outermost_object_is_asked() {
    let request = read(r#"{"metadata":{"model":"other","stream":true},"model":"m"}"#).unwrap();
    assert_eq!((request.model.as_str(), request.forwarding.streamed), ("m", false));
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

#[test]
fn a_few_short_labels_and_the_end_user_are_read() {
    let long = "x".repeat(257);
    let read = read(&format!(
        r#"{{"model":"m","user":"old","safety_identifier":"ada","metadata":{{"team":"a","team":"b","n":1,"long":"{long}"}}}}"#
    ))
    .unwrap();
    assert_eq!(read.labels.iter().collect::<Vec<_>>(), [("team", "a")]);
    assert_eq!(read.end_user.as_deref(), Some("ada"));
}

#[test]
fn odd_labels_and_users_are_left_to_the_upstream() {
    let many: Vec<String> = (0..20).map(|n| format!(r#""k{n}":"v""#)).collect();
    let labels = |metadata: &str| {
        let read = read(&format!(r#"{{"model":"m","user":7,"metadata":{metadata}}}"#)).unwrap();
        assert_eq!(read.end_user, None);
        read.labels.iter().count()
    };
    assert_eq!([labels("null"), labels("[]"), labels(r#"{"":"x"}"#)], [0; 3]);
    assert_eq!(labels(&format!("{{{}}}", many.join(","))), 8);
}

#[test]
fn a_prompt_is_estimated_by_its_bytes_without_pictures() {
    let estimate = |messages: &str| {
        read(&format!(r#"{{"model":"m","messages":{messages}}}"#)).unwrap().prompt_estimate
    };
    let text = r#"[{"role":"user","content":"hello there"}]"#;
    assert_eq!(estimate(text), text.len().div_ceil(4) as u64);
    let picture = "A".repeat(100_000);
    assert!(estimate(&format!(r#"[{{"url":"data:image/png;base64,{picture}"}}]"#)) < 10);
}
