//! Which other origins' pages may call from a browser and read the answers: none, unless configuration names them.

use std::sync::Arc;

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

/// For as long a browser need not ask again.
const REMEMBERED: &str = "600";

#[derive(Debug, Clone)]
pub struct Cors {
    /// As browsers write them: `https://console.example.org`. `*`: all of them.
    pub origins: Arc<[String]>,
    /// What pages may do here: `GET, POST`.
    pub methods: &'static str,
    /// The headers that pages may send. None: whichever they ask for.
    pub asked: Option<&'static str>,
    /// The headers of answers that pages may read beside the few that all may.
    pub shown: &'static str,
    /// Whether a browser sends the cookies that it has for this host along.
    pub credentials: bool,
}

/// An origin that configuration names, as browsers write it.
pub fn origin(text: &str) -> Result<String, UnusableOrigin> {
    let origin = text.trim().trim_end_matches('/').to_lowercase();
    let host = origin.split_once("://").filter(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    let readable = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@*\\,".contains(&byte))
    };
    match host {
        Some((_, host)) if readable(host) => Ok(origin),
        Some(_) | None => Err(UnusableOrigin),
    }
}

/// The same, or all of them.
pub fn origin_or_all(text: &str) -> Result<String, UnusableOrigin> {
    if text.trim() == "*" { Ok("*".to_owned()) } else { origin(text) }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an origin like https://chat.example.org, without a path, is expected")]
pub struct UnusableOrigin;

impl Cors {
    /// The origin of the page that asks, if that is allowed.
    pub fn allowed(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        let all = || !self.credentials && self.origins.iter().any(|allowed| allowed == "*");
        let one = |allowed: &String| allowed.as_bytes() == origin.as_bytes();
        (self.origins.iter().any(one) || all()).then(|| origin.clone())
    }

    /// The answer to a browser that asks whether it may ask: nobody need be signed in for that.
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let wanted = header::ACCESS_CONTROL_REQUEST_METHOD;
        if *request.method() != Method::OPTIONS || !request.headers().contains_key(wanted) {
            return None;
        }
        self.allowed(request)?;
        let asked = match self.asked {
            Some(asked) => Some(HeaderValue::from_static(asked)),
            None => request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
        };
        let mut answer = Response::builder()
            .status(StatusCode::NO_CONTENT)
            .header(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods)
            .header(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
        if let Some(asked) = asked {
            answer = answer.header(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        Some(answer.finish())
    }

    /// Opens an answer to the page that asked for it; `origin` is what [`Cors::allowed`] said.
    pub fn open(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let mut say = |name, text| headers.insert(name, HeaderValue::from_static(text));
        say(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.shown);
        if self.credentials {
            say(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
    }
}

/// What a body is encoded with, if it is: bodies are read as they are.
pub fn coding(headers: &HeaderMap) -> Option<String> {
    let said = headers.get_all(header::CONTENT_ENCODING).iter();
    let said = said.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let codings: Vec<String> = said
        .flat_map(|value| value.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>())
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .collect();
    let readable = |character: &char| character.is_ascii_graphic() || *character == ' ';
    let text: String = codings.join(", ").chars().filter(readable).take(60).collect();
    (!codings.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        Cors {
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            methods: "GET, POST",
            asked: None,
            shown: "X-Request-Id",
            credentials: false,
        }
    }

    fn asks(method: Method, origin: &str) -> Request {
        let request = Request::builder().method(method).header(header::ORIGIN, origin);
        let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        request
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization, x-stainless-os")
            .finish()
    }

    #[test]
    fn an_origin_is_what_browsers_write() {
        for (text, read) in [
            ("https://chat.example.org", "https://chat.example.org"),
            (" HTTPS://Chat.example.org:8443/ ", "https://chat.example.org:8443"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(read), "{text}");
            assert_eq!(origin_or_all(text).as_deref(), Ok(read), "{text}");
        }
        for text in [
            "",
            "chat.example.org",
            "https://",
            "https://a/path",
            "https://a?b",
            "https://*.a",
            "*.a",
            "null",
            "https://me@a",
            "://a",
            "https://a b",
        ] {
            assert_eq!(origin(text), Err(UnusableOrigin), "{text}");
            assert_eq!(origin_or_all(text), Err(UnusableOrigin), "{text}");
        }
        assert_eq!((origin("*"), origin_or_all("*")), (Err(UnusableOrigin), Ok("*".to_owned())));
    }

    #[test]
    fn only_named_origins_are_answered_and_a_star_names_all() {
        let (here, there) =
            (asks(Method::OPTIONS, "https://a"), asks(Method::OPTIONS, "https://b"));
        let one = cors(&["https://a"]);
        assert!(one.preflight(&here).is_some() && one.preflight(&there).is_none());
        assert!(cors(&["*"]).preflight(&there).is_some());
        assert!(cors(&[]).preflight(&here).is_none());
        let with_cookies = Cors { credentials: true, ..cors(&["*"]) };
        assert!(with_cookies.preflight(&here).is_none(), "a star is not for cookies");
    }

    #[test]
    fn a_page_may_send_the_headers_that_it_asks_for() {
        let answer = cors(&["https://a"]).preflight(&asks(Method::OPTIONS, "https://a")).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let allowed = &answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS];
        assert_eq!(allowed, "authorization, x-stainless-os");
        assert!(cors(&["https://a"]).preflight(&asks(Method::POST, "https://a")).is_none());
    }

    #[test]
    fn a_body_without_an_encoding_is_one_as_it_is() {
        let coding = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, value.parse().unwrap());
            super::coding(&headers)
        };
        assert_eq!((coding("identity"), coding("")), (None, None));
        assert_eq!(coding("gzip").as_deref(), Some("gzip"));
        assert_eq!(coding("Identity, br").as_deref(), Some("br"));
        assert_eq!(super::coding(&HeaderMap::new()), None);
    }
}
