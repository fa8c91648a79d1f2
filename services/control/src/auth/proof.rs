//! What a caller shows: a token, or the cookie that a browser sends by itself.

use poem::{
    Request,
    http::{Method, header},
};

use crate::{problem::Problem, secret::Secret};

pub const COOKIE: &str = "uplion_session";

#[derive(Debug, Clone)]
pub enum Proof {
    /// `Authorization: Bearer …`: an admin key, or a session's token.
    Token(Secret),
    /// A session's token that a browser keeps, and sends whoever made it ask.
    Cookie(Secret),
}

impl Proof {
    /// None if the caller shows nothing at all. Who shows a token means it, also beside a cookie.
    pub fn of(request: &Request) -> Option<Self> {
        bearer(request).map(Self::Token).or_else(|| cookie(request).map(Self::Cookie))
    }
}

fn bearer(request: &Request) -> Option<Secret> {
    let (scheme, token) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| Secret::given(token.trim()))
}

fn cookie(request: &Request) -> Option<Secret> {
    let lines = request.headers().get_all(header::COOKIE).into_iter();
    let pairs = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| Secret::given(token))
}

/// A browser sends its cookie whichever page makes it ask. A change is only made for a page of this installation, or
/// of an origin that is allowed by configuration.
pub fn must_be_from_here(request: &Request, allowed: &[String]) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return Ok(());
    }
    let origin = request.header(header::ORIGIN);
    if origin.is_some_and(|origin| allowed.iter().any(|allowed| allowed == origin)) {
        return Ok(());
    }
    let from_here = match request.header("Sec-Fetch-Site") {
        Some(site) => site == "same-origin",
        None => origin.is_some_and(|origin| is_of_host(origin, request.header(header::HOST))),
    };
    if from_here { Ok(()) } else { Err(Problem::cross_site()) }
}

fn is_of_host(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some_and(|authority| host.is_some_and(|host| authority.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(headers: &[(&'static str, &'static str)]) -> bool {
        let mut request = Request::builder().method(Method::POST).header("Host", "uplion.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        must_be_from_here(&request.finish(), &["https://console.example".to_owned()]).is_ok()
    }

    #[test]
    fn a_change_is_made_for_a_page_of_this_host_only() {
        assert!(change(&[("Sec-Fetch-Site", "same-origin")]));
        assert!(change(&[("Origin", "https://uplion.example")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!change(&[("Sec-Fetch-Site", site), ("Origin", "https://uplion.example")]));
        }
        for origin in ["https://evil.example", "https://uplion.example.evil.example", "null", ""] {
            assert!(!change(&[("Origin", origin)]), "{origin}");
        }
        assert!(!change(&[]), "a browser says where it comes from");
    }

    #[test]
    fn a_change_is_made_for_an_origin_that_is_allowed() {
        let site = ("Sec-Fetch-Site", "same-site");
        assert!(change(&[site, ("Origin", "https://console.example")]));
        assert!(!change(&[site, ("Origin", "http://console.example")]));
    }

    #[test]
    fn who_shows_a_token_means_it() {
        let both = Request::builder()
            .header("Authorization", "bearer one")
            .header("Cookie", "a=b; uplion_session=two")
            .finish();
        assert!(matches!(Proof::of(&both), Some(Proof::Token(token)) if token.reveal() == "one"));
        let cookie = Request::builder().header("Cookie", "a=b; uplion_session=two").finish();
        assert!(
            matches!(Proof::of(&cookie), Some(Proof::Cookie(token)) if token.reveal() == "two")
        );
        let neither = Request::builder().header("Authorization", "Basic b25lOnR3bw==").finish();
        assert!(Proof::of(&neither).is_none());
    }
}
