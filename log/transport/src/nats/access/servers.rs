//! The addresses in `--nats-url`, and who their user part says that this is.

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

#[derive(Debug)]
pub struct Servers {
    /// Without their user parts, which the client would otherwise log.
    pub addresses: Vec<ServerAddr>,
    pub userinfo: Option<Userinfo>,
    /// Whether one of them is `tls://`.
    pub tls: bool,
}

/// What stands before the `@`, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Userinfo {
    pub user: String,
    /// None: the user is a token.
    pub password: Option<String>,
}

impl std::fmt::Debug for Userinfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Userinfo").finish_non_exhaustive()
    }
}

const ENCODE: &str = "signs like , @ / ? # and % in a user, password or token are percent-encoded there, or it is given by --nats-user and --nats-password, or --nats-token";

/// Nothing of the text is in the error: a password may lie anywhere in it.
pub fn parse(urls: &str) -> Result<Servers, String> {
    let texts: Vec<&str> = urls.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return Err("--nats-url (UPLION_NATS_URL) names no server: nats://127.0.0.1:4222 would be one on this machine".to_owned());
    }
    let count = texts.len();
    let mut servers = Servers { addresses: Vec::with_capacity(count), userinfo: None, tls: false };
    for (n, text) in texts.into_iter().enumerate() {
        let wrong = |what: &str| {
            let which = if count == 1 {
                "its address".to_owned()
            } else {
                format!("address {} of {count}", n + 1)
            };
            format!("--nats-url (UPLION_NATS_URL): {which} {what}")
        };
        let (address, userinfo) = one(text).map_err(|what| wrong(&what))?;
        servers.tls |= address.tls_required();
        servers.addresses.push(address);
        match (&servers.userinfo, userinfo) {
            (_, None) => {}
            (None, own) => servers.userinfo = own,
            (Some(before), Some(own)) if *before == own => {}
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "has another user than the ones before it: one user is said to all servers of a cluster",
                ));
            }
        }
    }
    Ok(servers)
}

fn one(text: &str) -> Result<(ServerAddr, Option<Userinfo>), String> {
    let no_url = || format!("is no URL like nats://host:4222; {ENCODE}");
    let address: ServerAddr = text.parse().map_err(|_| no_url())?;
    if !matches!(address.scheme(), "nats" | "tls") {
        return Err("begins with neither nats:// nor tls://".to_owned());
    }
    let mut url = address.into_inner();
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || url.host_str().is_none_or(str::is_empty) {
        return Err(no_url());
    }
    let decoded = |part: &str| {
        let decoded = percent_decode_str(part).decode_utf8();
        decoded.map(std::borrow::Cow::into_owned).map_err(|_| no_url())
    };
    let user = decoded(url.username())?;
    let password = url.password().map(decoded).transpose()?;
    let userinfo = match password {
        None if user.is_empty() => None,
        password => Some(Userinfo { user, password }),
    };
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| no_url())?;
    Ok((ServerAddr::from_url(url).map_err(|_| no_url())?, userinfo))
}

/// For people: the servers without anything that could be a secret.
pub fn shown(urls: &str) -> String {
    if parse(urls).is_err() {
        return "the address that --nats-url says".to_owned();
    }
    let (scheme, rest) = urls.split_once("://").unwrap_or(("nats", urls));
    // Up to the last of them: a comma in a password makes several addresses of one.
    let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    format!("{scheme}://{hosts}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn userinfo(urls: &str) -> (String, Option<String>) {
        let userinfo = parse(urls).unwrap().userinfo.unwrap();
        (userinfo.user, userinfo.password)
    }

    #[test]
    fn a_user_part_is_decoded_and_kept_out_of_the_addresses() {
        let all = "nats://%40lice:p%2C%40%2F%3F%23%25%C3%A9@a:1,tls://%40lice:p%2C%40%2F%3F%23%25%C3%A9@[::1]:2";
        assert_eq!(userinfo(all), ("@lice".to_owned(), Some("p,@/?#%é".to_owned())));
        let servers = parse(all).unwrap();
        let addresses: Vec<_> = servers.addresses.iter().map(ServerAddr::as_url_str).collect();
        assert_eq!(addresses, ["nats://a:1", "tls://[::1]:2"]);
        assert!(servers.tls);
        assert_eq!(userinfo("tok%3Aen@a"), ("tok:en".to_owned(), None));
        assert!(parse("a:1, b").unwrap().userinfo.is_none());
    }

    #[test]
    fn what_is_no_address_is_told_without_what_may_be_a_secret_in_it() {
        for urls in [
            "nats://me:canary/x@host",
            "nats://me:1canary@",
            "nats://me:canary,canary@host",
            "nats://me:99/canary@host",
            "nats://host/?password=canary",
            "canary://host",
            "nats://me:canary@a,nats://you:canary@b",
            "nats://me:canary%ff@a",
            ", ,",
        ] {
            let error = parse(urls).unwrap_err();
            assert!(error.starts_with("--nats-url"), "{urls}: {error}");
            assert!(
                !error.contains("canary") && !shown(urls).contains("canary"),
                "{urls}: {error}"
            );
        }
        assert_eq!(shown("nats://a:b@h1:1,nats://a:b@h2"), "nats://h2");
        assert_eq!(shown("tls://h1:1,h2"), "tls://h1:1,h2");
    }
}
