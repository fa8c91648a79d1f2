//! No text has a zero character: nobody means one, and Postgres can keep none.

use poem::Request;
use serde_json::Value;

/// Where one is said, for people.
pub fn find(request: &Request, body: &[u8]) -> Option<&'static str> {
    let encoded = |text: &str| text.contains("%00");
    if encoded(request.uri().path()) {
        return Some("the path");
    }
    if request.uri().query().is_some_and(encoded) {
        return Some("a parameter");
    }
    // In JSON it can only be escaped; what is no JSON is told so by whoever reads it.
    let escaped = body.windows(b"u0000".len()).any(|part| part == b"u0000");
    let found = escaped && serde_json::from_slice(body).is_ok_and(|body| within(&body));
    found.then_some("the body")
}

fn within(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(within),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || within(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_in(path: &str, body: &str) -> Option<&'static str> {
        find(&Request::builder().uri_str(path).finish(), body.as_bytes())
    }

    #[test]
    fn a_zero_character_is_found_wherever_it_is_said() {
        assert_eq!(said_in("/projects/a%00", ""), Some("the path"));
        assert_eq!(said_in("/users?email=%00", ""), Some("a parameter"));
        for body in [r#"{"a":"\u0000"}"#, r#"[{"b":["x\u0000"]}]"#, r#"{"\u0000":1}"#] {
            assert_eq!(said_in("/keys", body), Some("the body"), "{body}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for (path, body) in [
            ("/projects/a%2500", ""),
            ("/keys", r#"{"a":"\\u0000","b":"u0000"}"#),
            ("/keys", r#"{"a":"\u0000"#),
        ] {
            assert_eq!(said_in(path, body), None, "{path} {body}");
        }
    }
}
