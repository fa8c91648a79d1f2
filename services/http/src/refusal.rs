//! What is no request of HTTP/1.1, and what it is told: by its head here, by its bytes where hyper cannot read them.
//!
//! hyper answers what it cannot read without a word. Its answer is known by its form and given one.

use poem::http::{HeaderMap, StatusCode, Version, header};

/// In whose shape an error is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorShape {
    #[default]
    OpenAi,
    /// RFC 9457
    Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub text: &'static str,
}

const fn bad(text: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, text }
}

/// What is wrong with a request's head, as RFC 9112 has it: who serves several hosts, or stands behind another server,
/// must not be made to read it otherwise than that one does.
pub fn refusal(version: Version, headers: &HeaderMap) -> Option<Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Some(bad("the Host header is there twice: send it once")),
        (None, None) if version < Version::HTTP_11 => None,
        (None, None) => return Some(bad("the Host header is missing: HTTP/1.1 asks for one")),
        (host, None) => host,
    };
    if host.is_some_and(|host| !is_host(host.as_bytes())) {
        return Some(bad(
            "the Host header is no host: it is a name or address, and a port if need be",
        ));
    }
    let codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let mut codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if codings.any(|coding| !coding.trim_ascii().eq_ignore_ascii_case(b"chunked")) {
        let text = "the only Transfer-Encoding that is read here is chunked";
        return Some(Refusal { status: StatusCode::NOT_IMPLEMENTED, text });
    }
    None
}

/// `host [":" port]`, as far as it matters: nothing of a URL, and nothing that another server would cut elsewhere.
fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().rposition(|byte| *byte == b':') {
        Some(at) if !host.ends_with(b"]") => (&host[..at], &host[at + 1..]),
        Some(_) | None => (host, &b""[..]),
    };
    let name = match name.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        Some(address) => {
            return address.iter().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(byte));
        }
        None => name,
    };
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    name.iter().all(known) && port.iter().all(u8::is_ascii_digit)
}

impl ErrorShape {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenAi => "application/json",
            Self::Problem => "application/problem+json",
        }
    }

    /// `text` holds nothing that JSON would have to escape.
    pub fn body(self, status: StatusCode, text: &str) -> String {
        match self {
            Self::OpenAi => {
                let kind =
                    if status.is_client_error() { "invalid_request_error" } else { "server_error" };
                format!(
                    r#"{{"error":{{"message":"{text}","type":"{kind}","param":null,"code":"malformed_request"}}}}"#
                )
            }
            Self::Problem => {
                let (title, status) =
                    (status.canonical_reason().unwrap_or("Error"), status.as_u16());
                format!(
                    r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{text}","code":"malformed"}}"#
                )
            }
        }
    }

    /// The whole answer in the place of hyper's wordless one; none if these bytes are none of those.
    pub fn instead_of(self, wordless: &[u8]) -> Option<Vec<u8>> {
        let head =
            wordless.strip_prefix(b"HTTP/1.1 ").filter(|head| head.ends_with(b"\r\n\r\n"))?;
        let (status, text) = match head.get(..3)? {
            b"400" => (StatusCode::BAD_REQUEST, "this is no request of HTTP/1.1 that can be read"),
            b"414" => (StatusCode::URI_TOO_LONG, "the URL is too long"),
            b"431" => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large"),
            _ => return None,
        };
        // Answers of ours have a type, and more than nothing to say.
        let lower = head.to_ascii_lowercase();
        let has = |words: &[u8]| lower.windows(words.len()).any(|part| part == words);
        if has(b"\r\ncontent-type:")
            || !has(b"\r\ncontent-length: 0\r\n")
            || !has(b"connection: close")
        {
            return None;
        }
        let (body, kind) = (self.body(status, text), self.content_type());
        let reason = status.canonical_reason().unwrap_or_default();
        let answer = format!(
            "HTTP/1.1 {} {reason}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            status.as_u16(),
            body.len()
        );
        Some(answer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn refused(headers: &[(&'static str, &'static str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        refusal(Version::HTTP_11, &map).map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn a_request_names_one_host() {
        for host in [
            "example.org",
            "example.org:8484",
            "[::1]:8484",
            "[::1]",
            "127.0.0.1",
            "",
            "xn--bcher-kva.example",
            "a_b",
        ] {
            assert_eq!(refused(&[("host", host)]), None, "{host}");
        }
        for wrong in ["a b", "a/b", "http://a", "a@b", "a:b", "a,b:1:2", "[::1", "a#b", "a?b"] {
            assert_eq!(refused(&[("host", wrong)]), Some(400), "{wrong}");
        }
        assert_eq!(refused(&[]), Some(400));
        assert_eq!(refused(&[("host", "a"), ("host", "a")]), Some(400));
        assert_eq!(refusal(Version::HTTP_10, &HeaderMap::new()), None);
    }

    #[test]
    fn a_body_comes_in_chunks_or_not() {
        for (coding, status) in [
            ("chunked", None),
            ("Chunked", None),
            ("gzip, chunked", Some(501)),
            ("identity", Some(501)),
        ] {
            assert_eq!(
                refused(&[("host", "a"), ("transfer-encoding", coding)]),
                status,
                "{coding}"
            );
        }
    }

    #[test]
    fn only_hypers_own_words_are_made_good() {
        let wordless = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let told = ErrorShape::OpenAi.instead_of(wordless).unwrap();
        assert!(String::from_utf8(told).unwrap().contains("invalid_request_error"));
        for ours in [
            &b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"[..],
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert_eq!(ErrorShape::OpenAi.instead_of(ours), None);
        }
    }
}
