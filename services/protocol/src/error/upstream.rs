//! What an upstream says when it has no answer, whatever its status and its shape: read, so that the client gets the
//! words in the shape that its SDK knows.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Characters of a text that is no error's message by its form.
const EXCERPT: usize = 300;
/// Of what is passed on as it is said.
const MOST_BYTES: usize = 32 * 1024;
/// Of a message that is too long with all that stands beside it.
const MOST_CHARS: usize = 2_000;
const SAYS_NOTHING: &str = "the model's server reports an error";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamError {
    pub message: String,
    /// Which the upstream says itself, within the error: 4xx or 5xx.
    pub status: Option<u16>,
    /// In `OpenAI`'s shape, on one line: the body of a response, or the data of an event.
    pub json: Bytes,
}

impl UpstreamError {
    /// Of a document, if it is an error: `{"error": …}` in all its shapes, or an object without an answer that says
    /// so otherwise.
    pub fn of_answer(document: &[u8]) -> Option<Self> {
        let value = read(document)?;
        let object = first_object(&value)?;
        let error = object.get("error").or_else(|| object.get("errors"));
        if let Some(error) = error.filter(|error| says_something(error)) {
            return Some(Self::of(object, error));
        }
        let is_error =
            ["object", "type"].iter().any(|name| object.get(*name) == Some(&"error".into()));
        let speaks = ["message", "detail", "msg", "error_message"];
        let speaks = speaks.iter().any(|name| object.get(*name).is_some_and(says_something));
        (is_error || speaks).then(|| Self::of(object, &value))
    }

    /// Of a choice that has an error in the place of an answer, or beside it.
    pub fn of_choice(document: &[u8]) -> Option<Self> {
        let value = read(document)?;
        let choices = value.get("choices")?.as_array()?;
        let errors = choices.iter().filter_map(|choice| choice.get("error"));
        let error = errors.into_iter().find(|error| says_something(error))?;
        Some(Self::of(&Map::new(), error))
    }

    /// Of the data of an event that is called an error.
    pub fn of_event(data: &[u8]) -> Self {
        Self::of_answer(data).unwrap_or_else(|| match read(data) {
            Some(Value::Object(object)) => Self::of(&object, &Value::Object(object.clone())),
            Some(_) | None => Self::new(text(data).unwrap_or_else(|| SAYS_NOTHING.to_owned())),
        })
    }

    /// Of the data of an event that is no JSON. What was to be a part of an answer is not quoted.
    pub fn of_unreadable_event(data: &[u8]) -> Self {
        if data.trim_ascii_start().starts_with(b"{") {
            Self::new("the model's server sent an event that cannot be read".to_owned())
        } else {
            Self::of_event(data)
        }
    }

    /// Of a body that cannot be read as an answer.
    pub fn unreadable(body: &[u8]) -> Self {
        Self::new(match text(body) {
            None => "the model's server answered with nothing".to_owned(),
            Some(text) => format!("the model's server sent no answer, but: {text}"),
        })
    }

    /// Whether it says more than that it is one.
    pub fn explains(&self) -> bool {
        self.message != SAYS_NOTHING
    }

    /// In our own words.
    pub fn new(message: String) -> Self {
        let json = json!({ "error": {
            "message": message, "type": "server_error", "param": null, "code": "upstream_error",
        }});
        Self { message, status: None, json: json.to_string().into() }
    }

    fn of(object: &Map<String, Value>, error: &Value) -> Self {
        let message = message(error).unwrap_or_else(|| SAYS_NOTHING.into()).into_owned();
        let status = status(error).or_else(|| status_of(object));
        let known =
            error.get("message").is_some_and(Value::is_string) && object.contains_key("error");
        let json = if known {
            Value::Object(object.clone())
        } else {
            let said = |name: &str| error.get(name).cloned().unwrap_or_default();
            let kind = Some(said("type")).filter(|kind| kind.is_string() && kind != "error");
            let kind = kind.unwrap_or_else(|| "server_error".into());
            json!({ "error": {
                "message": message, "type": kind, "param": said("param"), "code": said("code"),
            }})
        };
        let json = json.to_string();
        if json.len() > MOST_BYTES {
            let short = message.chars().take(MOST_CHARS).collect();
            return Self { status, ..Self::new(short) };
        }
        Self { message, status, json: json.into() }
    }
}

/// As a client's library reads it: half a surrogate pair is no reason to withhold an error's words.
fn read(document: &[u8]) -> Option<Value> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut values = serde_json::Deserializer::from_slice(document).into_iter();
    if let Some(Ok(value)) = values.next() {
        return Some(value);
    }
    let text = String::from_utf8_lossy(document);
    let readable = text.replace("\\ud", "\\\\ud").replace("\\uD", "\\\\uD").replace("NaN", "null");
    serde_json::Deserializer::from_str(&readable).into_iter().next()?.ok()
}

/// The document, or the first of a list.
fn first_object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().or_else(|| value.as_array()?.first()?.as_object())
}

fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) | Value::Bool(true) | Value::Number(_) => true,
    }
}

fn message(error: &Value) -> Option<Cow<'_, str>> {
    match error {
        Value::String(text) => Some(text.as_str().into()),
        Value::Array(items) => items.first().and_then(message),
        Value::Object(object) => {
            let names = ["message", "msg", "detail", "error_message", "error", "errors", "reason"];
            let said =
                names.iter().filter_map(|name| object.get(*name)).find(|said| says_something(said));
            match said {
                Some(said) => message(said),
                None if object.is_empty() => None,
                None => Some(error.to_string().chars().take(EXCERPT).collect()),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn status(error: &Value) -> Option<u16> {
    status_of(error.as_object()?)
}

fn status_of(object: &Map<String, Value>) -> Option<u16> {
    let names = ["code", "status", "status_code", "statusCode", "http_status"];
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let numbers = names.iter().filter_map(|name| number(object.get(*name)?));
    numbers.into_iter().find(|status| (400..600).contains(status))
}

/// The beginning of a text, without what only a browser reads; none if nothing is left.
fn text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let mut words = String::new();
    let mut in_tag = false;
    let title = text.find("<title>").map(|at| &text[at..]);
    let title = title.and_then(|from| Some(&from[..from.find("</title>")?]));
    for character in title.unwrap_or(&text).chars().take(64 * 1024) {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                words.push(' ');
            }
            _ if in_tag => {}
            control if control.is_control() => words.push(' '),
            other => words.push(other),
        }
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(EXCERPT).collect();
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod spec {
    use super::*;

    fn said(document: &str) -> Option<(String, Option<u16>)> {
        let error = UpstreamError::of_answer(document.as_bytes())?;
        let json: Value = serde_json::from_slice(&error.json).unwrap();
        assert_eq!(json["error"]["message"], error.message, "{document}");
        assert!(!error.json.contains(&b'\n'));
        Some((error.message, error.status))
    }

    #[test]
    fn an_error_is_known_in_all_its_shapes() {
        let text = |message: &str, status: Option<u16>| Some((message.to_owned(), status));
        for (document, wanted) in [
            (
                r#"{"error":{"message":"too much","code":429,"metadata":{"a":1}}}"#,
                text("too much", Some(429)),
            ),
            (r#"{"error":{"message":"too much","code":"rate_limited"}}"#, text("too much", None)),
            (r#"{"error":"no room","status":503}"#, text("no room", Some(503))),
            (r#"{"error":{"code":"413","detail":"long"}}"#, text("long", Some(413))),
            (
                r#"{"object":"error","message":"long","type":"BadRequestError","code":400}"#,
                text("long", Some(400)),
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"later"}}"#,
                text("later", None),
            ),
            (r#"{"message":"no such key","type":"error"}"#, text("no such key", None)),
            (r#"{"detail":"not found"}"#, text("not found", None)),
            (r#"{"detail":[{"loc":["body"],"msg":"wrong"}]}"#, text("wrong", None)),
            (
                r#"[{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}]"#,
                text("no", Some(403)),
            ),
            (r#"{"error":{}}"#, text(SAYS_NOTHING, None)),
            (r#"{"error":true}"#, text(SAYS_NOTHING, None)),
            ("{\"error\":{\n\"message\":\"two lines\"}}", text("two lines", None)),
            (r#"{"error":{"message":"x"}} and more"#, text("x", None)),
            (r#"{"error":null,"choices":[]}"#, None),
            (r#"{"error":"","id":"c1"}"#, None),
            (r#"{"id":"c1","object":"chat.completion","choices":[]}"#, None),
            ("[]", None),
            ("<html>", None),
        ] {
            assert_eq!(said(document), wanted, "{document}");
        }
    }

    #[test]
    fn what_an_error_says_beside_its_message_stays() {
        let document =
            br#"{"error":{"message":"no","code":403,"metadata":{"reasons":["x"]}},"user_id":"u"}"#;
        let error = UpstreamError::of_answer(document).unwrap();
        let [is, was]: [Value; 2] =
            [&error.json[..], document].map(|json| serde_json::from_slice(json).unwrap());
        assert_eq!(is, was);
    }

    #[test]
    fn half_a_surrogate_pair_hides_no_error() {
        let error =
            UpstreamError::of_answer(br#"{"error":{"message":"bad \ud83d","code":500}}"#).unwrap();
        assert_eq!((error.message.as_str(), error.status), ("bad \\ud83d", Some(500)));
    }

    #[test]
    fn a_choice_may_have_failed_alone() {
        let document =
            br#"{"choices":[{"error":{"message":"cut","code":502},"finish_reason":"error"}]}"#;
        let error = UpstreamError::of_choice(document).unwrap();
        assert_eq!((error.message.as_str(), error.status), ("cut", Some(502)));
        assert_eq!(UpstreamError::of_choice(br#"{"choices":[{"error":null}]}"#), None);
    }

    #[test]
    fn what_is_no_json_is_quoted() {
        let page =
            "<html><head><title>502 Bad Gateway</title></head><body>\n<h1>oh</h1></body></html>";
        let unreadable = UpstreamError::unreadable(page.as_bytes()).message;
        assert_eq!(unreadable, "the model's server sent no answer, but: 502 Bad Gateway");
        assert_eq!(
            UpstreamError::unreadable(b" \n").message,
            "the model's server answered with nothing"
        );
        assert_eq!(UpstreamError::of_event(b"out of memory").message, "out of memory");
        assert_eq!(UpstreamError::of_event(b"").message, SAYS_NOTHING);
        assert!(!UpstreamError::of_unreadable_event(br#"{"a":"secret"#).message.contains("secret"));
        assert_eq!(UpstreamError::of_event(br#"{"code":500,"why":"x"}"#).status, Some(500));
        assert!(UpstreamError::unreadable(&vec![b'x'; 100_000]).message.len() < 400);
    }
}
