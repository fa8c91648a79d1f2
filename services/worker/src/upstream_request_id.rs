//! The upstream's own name for a request: what a provider's bill and its support go by.

use http::HeaderMap;

/// Where it stands among the headers, if it does; otherwise an answer's own `id` has to do.
const HEADERS: [&str; 2] = ["x-request-id", "request-id"];
/// Bytes. What is longer, or holds what cannot be printed, is no name.
const MAX_LENGTH: usize = 128;

pub fn in_headers(headers: &HeaderMap) -> Option<String> {
    HEADERS.iter().find_map(|name| printable(headers.get(*name)?.to_str().ok()?))
}

pub fn printable(id: &str) -> Option<String> {
    let is_name = (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    is_name.then(|| id.to_owned())
}

#[cfg(test)]
mod spec {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_id_is_read_from_either_header_and_the_usual_one_first() {
        let mut headers = HeaderMap::new();
        assert_eq!(in_headers(&headers), None);
        headers.insert(HEADERS[1], HeaderValue::from_static("req_2"));
        assert_eq!(in_headers(&headers).as_deref(), Some("req_2"));
        headers.insert(HEADERS[0], HeaderValue::from_static("req_1"));
        assert_eq!(in_headers(&headers).as_deref(), Some("req_1"));
    }

    #[test]
    fn what_is_too_long_or_cannot_be_printed_is_no_name() {
        let longest = "x".repeat(MAX_LENGTH);
        assert_eq!(printable(&longest), Some(longest.clone()));
        for id in ["", "a b", "é", "a\n", &format!("{longest}x")] {
            assert_eq!(printable(id), None, "{id:?}");
        }
    }
}
