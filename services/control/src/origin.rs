//! Where a call comes from, and why it is made: what an audit asks of a change beside who made it.
//!
//! The reason and the addresses are noted beside the events, where they can be erased. The ids go into the events.

use std::net::IpAddr;

use poem::{
    Addr, Request,
    http::{HeaderName, uri::Scheme},
};
use uplion_log_store::people::Notes;
use uuid::Uuid;

use crate::problem::Problem;

pub const REASON: &str = "Uplion-Reason";
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters.
pub const LONGEST_REASON: usize = 500;
const LONGEST_REQUEST_ID: usize = 64;
const LONGEST_AGENT: usize = 200;
/// How a header says that what follows is UTF-8 in percent-encoding (RFC 8187): browsers send nothing else than ASCII.
const ENCODED: &str = "UTF-8''";

#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub request_id: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    pub notes: Notes,
    /// Who calls, as far as our own proxies in front tell.
    pub source: Option<IpAddr>,
    /// As far as the proxy in front says so.
    pub over_https: bool,
}

impl Origin {
    /// `proxies`: how many of ours stand in front, each adding to `X-Forwarded-For` whom it had the call from.
    pub fn of(request: &Request, proxies: usize) -> Result<Self, Problem> {
        let text = |name: &str| request.header(name).map(ToOwned::to_owned);
        let agent = text("User-Agent").map(|agent| agent.chars().take(LONGEST_AGENT).collect());
        Ok(Self {
            request_id: text(REQUEST_ID.as_str()),
            traceparent: text("traceparent").filter(|text| is_trace_context(text)),
            notes: Notes {
                reason: reason(request)?,
                source_address: source_address(request),
                user_agent: agent,
            },
            source: source(request, proxies),
            over_https: over_https(request),
        })
    }
}

/// The caller's own id for the call if it can be used, else one of ours.
pub fn request_id(request: &Request) -> String {
    let usable = |text: &&str| {
        (1..=LONGEST_REQUEST_ID).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let own = request.header(REQUEST_ID).filter(usable);
    own.map_or_else(|| Uuid::now_v7().simple().to_string(), ToOwned::to_owned)
}

pub fn over_https(request: &Request) -> bool {
    *request.scheme() == Scheme::HTTPS
        || request.header("X-Forwarded-Proto").is_some_and(|proto| proto == "https")
}

/// Further to the left than our own proxies wrote stands whatever the caller likes.
fn source(request: &Request, proxies: usize) -> Option<IpAddr> {
    if let Some(last) = proxies.checked_sub(1) {
        let lines = request.headers().get_all("X-Forwarded-For").into_iter();
        let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let told: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
        return told.iter().rev().nth(last)?.trim().parse().ok();
    }
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => Some(address.ip()),
        Addr::Unix(_) | Addr::Custom(..) => None,
    }
}

fn reason(request: &Request) -> Result<Option<String>, Problem> {
    let Some(header) = request.headers().get(REASON) else { return Ok(None) };
    let unusable = |why: &str| Problem::malformed(format!("{REASON} {why}"));
    let text = std::str::from_utf8(header.as_bytes()).map_err(|_| unusable("is not UTF-8"))?;
    let text = match text.strip_prefix(ENCODED) {
        None => text.to_owned(),
        Some(encoded) => {
            decoded(encoded).ok_or_else(|| unusable("is not percent-encoded UTF-8"))?
        }
    };
    if text.chars().count() > LONGEST_REASON {
        return Err(unusable(&format!("has at most {LONGEST_REASON} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(unusable("has no control characters"));
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next())? * 16 + digit(rest.next())?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn source_address(request: &Request) -> Option<String> {
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => {
            Some(told_address(address.ip(), request.header("X-Forwarded-For")))
        }
        Addr::Unix(_) | Addr::Custom(..) => None,
    }
}

/// Who connected. What a proxy says of who connected to it is told as what it is: a claim of whoever connected.
fn told_address(peer: IpAddr, forwarded: Option<&str>) -> String {
    let peer = peer.to_canonical();
    let last = forwarded.and_then(|list| list.rsplit(',').next());
    match last.and_then(|text| text.trim().parse::<IpAddr>().ok()) {
        None => peer.to_string(),
        Some(client) => format!("{client} via {peer}"),
    }
}

/// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`. Anything else is not passed on.
fn is_trace_context(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [2, 32, 16, 2] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut request = Request::default();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append(name.parse::<HeaderName>().unwrap(), value);
        }
        request
    }

    fn reason_of(text: &str) -> Option<String> {
        super::reason(&request(&[(REASON, text)])).unwrap()
    }

    #[test]
    fn a_reason_is_utf_8_as_it_is_or_percent_encoded() {
        assert_eq!(reason_of("Übung 100%25").as_deref(), Some("Übung 100%25"));
        assert_eq!(reason_of("UTF-8''%C3%9Cbung%20100%25").as_deref(), Some("Übung 100%"));
        assert_eq!(reason_of("  ").as_deref(), None);
        assert_eq!(super::reason(&request(&[])).unwrap(), None);
    }

    #[test]
    fn a_reason_that_is_too_long_or_cannot_be_read_is_refused() {
        assert!(reason_of(&"ü".repeat(LONGEST_REASON)).is_some());
        let longer = "ü".repeat(LONGEST_REASON + 1);
        for wrong in [&longer, "UTF-8''%C3", "UTF-8''%zz", "UTF-8''%", "UTF-8''a%0Ab"] {
            let refused = super::reason(&request(&[(REASON, wrong)]));
            assert!(matches!(refused, Err(Problem::Malformed(_))), "{wrong}");
        }
    }

    #[test]
    fn who_calls_is_what_our_own_proxies_tell() {
        let lines =
            [("X-Forwarded-For", "192.0.2.66, 192.0.2.1"), ("X-Forwarded-For", "192.0.2.2")];
        let told = |proxies| source(&request(&lines), proxies).map(|source| source.to_string());
        assert_eq!(told(1).as_deref(), Some("192.0.2.2"));
        assert_eq!(told(2).as_deref(), Some("192.0.2.1"));
        assert_eq!((told(0), told(4)), (None, None));
    }

    #[test]
    fn a_callers_own_id_is_kept_if_it_can_be_used() {
        let id = |text| request_id(&request(&[("X-Request-Id", text)]));
        assert_eq!(id("build-7_a"), "build-7_a");
        for wrong in ["", "a b", "ada@example.org", &"x".repeat(65)] {
            let fresh = id(wrong);
            assert!(fresh != wrong && fresh.len() == 32, "{wrong}");
        }
    }

    #[test]
    fn an_address_that_a_proxy_tells_is_told_as_what_the_proxy_tells() {
        let told = |forwarded| told_address("::ffff:10.0.0.1".parse().unwrap(), forwarded);
        assert_eq!(told(None), "10.0.0.1");
        assert_eq!(told(Some("6.6.6.6, 2001:db8::7")), "2001:db8::7 via 10.0.0.1");
        assert_eq!(told(Some("<script>")), "10.0.0.1");
    }

    #[test]
    fn a_trace_context_is_passed_on_only_if_it_is_one() {
        assert!(is_trace_context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for wrong in
            ["", "00", "00-x-y-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz"]
        {
            assert!(!is_trace_context(wrong), "{wrong:?}");
        }
    }
}
