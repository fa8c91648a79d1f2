//! Where the database is: a URL or keywords as libpq reads them, with the parameters that the driver does not know.

use std::{path::PathBuf, str::FromStr as _, time::Duration};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use super::tls::{Security, Verification};

/// To get a connection, whichever of the hosts it is to.
pub const CONNECT: Duration = Duration::from_secs(5);

const FLAG: &str = "--database-url (UPLION_DATABASE_URL)";

#[derive(Debug, Clone)]
pub struct Address {
    pub config: Config,
    pub security: Security,
}

/// What the driver has not.
#[derive(Debug, Default)]
struct Parameters {
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    sslcert: Option<String>,
    sslkey: Option<String>,
}

impl Parameters {
    fn slot(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "sslmode" => Some(&mut self.sslmode),
            "sslrootcert" => Some(&mut self.sslrootcert),
            "sslcert" => Some(&mut self.sslcert),
            "sslkey" => Some(&mut self.sslkey),
            _ => None,
        }
    }
}

impl Address {
    /// Reads no file. What is wrong is told without the text, which may hold a password anywhere.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (rest, parameters) = separated(text)?;
        let mut config = Config::from_str(&rest).map_err(|error| unusable(&error))?;
        let security = security(parameters)?;
        config.ssl_mode(match security.verification {
            None => SslMode::Disable,
            Some(Verification::Nothing) => SslMode::Prefer,
            Some(Verification::Authority | Verification::AuthorityAndName) => SslMode::Require,
        });
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
        // After a failover another of them takes writes.
        if hosts > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        // One that says nothing leaves time for the next.
        config.connect_timeout(CONNECT / u32::try_from(hosts).unwrap_or(u32::MAX));
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(10));
        if config.get_application_name().is_none() {
            config.application_name("uplion");
        }
        Ok(Self { config, security })
    }
}

/// For people: hosts and the database, and nothing that could be a secret.
pub fn shown(text: &str) -> String {
    let Ok(Address { config, .. }) = Address::parse(text) else {
        return "the address that --database-url says".to_owned();
    };
    let ports = config.get_ports();
    let port = |n: usize| ports.get(n).or_else(|| ports.first()).copied().unwrap_or(5432);
    let named = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let mut hosts: Vec<String> = named.collect();
    if hosts.is_empty() {
        hosts = config.get_hostaddrs().iter().map(ToString::to_string).collect();
    }
    let hosts = hosts.iter().enumerate().map(|(n, host)| format!("{host}:{}", port(n)));
    let hosts: Vec<String> = hosts.collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

fn unusable(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    // It repeats names of parameters, and no values; but in what is no URL a password may look like a name.
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    let what = if source.starts_with("invalid value for option") { source.as_str() } else { "" };
    let what = if what.is_empty() { String::new() } else { format!(" ({what})") };
    format!(
        "{FLAG} is no address like postgres://user:password@host:5432/database?sslmode=verify-full{what}: signs like @ : / ? # and % in a user or password are percent-encoded"
    )
}

fn security(parameters: Parameters) -> Result<Security, String> {
    let Parameters { sslmode, sslrootcert, sslcert, sslkey } = parameters;
    let verification = match sslmode.as_deref() {
        None if sslrootcert.is_some() => Some(Verification::AuthorityAndName),
        None | Some("disable") => None,
        Some("prefer") => Some(Verification::Nothing),
        Some("verify-ca") => Some(Verification::Authority),
        Some("require" | "verify-full") => Some(Verification::AuthorityAndName),
        Some(_) => {
            return Err(format!(
                "sslmode in {FLAG} is one of disable, prefer, require, verify-ca and verify-full"
            ));
        }
    };
    let client = match (sslcert, sslkey) {
        (Some(certificate), Some(key)) => Some((PathBuf::from(certificate), PathBuf::from(key))),
        (None, None) => None,
        (Some(_), None) => return Err(format!("sslcert in {FLAG} needs sslkey beside it")),
        (None, Some(_)) => return Err(format!("sslkey in {FLAG} needs sslcert beside it")),
    };
    if verification.is_none() && client.is_some() {
        return Err(format!(
            "sslcert in {FLAG} needs an sslmode beside it: a certificate is shown by TLS alone"
        ));
    }
    let roots = sslrootcert.filter(|file| file != "system").map(PathBuf::from);
    Ok(Security { verification, roots, client })
}

/// The text as the driver takes it, and what it does not.
fn separated(text: &str) -> Result<(String, Parameters), String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(of_url(text));
    }
    of_keywords(text).ok_or_else(|| {
        format!("{FLAG} is neither a URL like postgres://host:5432/database nor keywords like host=… dbname=…")
    })
}

fn of_url(text: &str) -> (String, Parameters) {
    let mut parameters = Parameters::default();
    // A password may hold a question mark.
    let after_user = text.find('@').unwrap_or(0);
    let Some(query) = text[after_user..].find('?').map(|at| after_user + at) else {
        return (text.to_owned(), parameters);
    };
    let mut kept = Vec::new();
    for pair in text[query + 1..].split('&').filter(|pair| !pair.is_empty()) {
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match parameters.slot(&decoded(key)) {
            Some(slot) => *slot = Some(decoded(value)),
            None => kept.push(pair),
        }
    }
    (format!("{}?{}", &text[..query], kept.join("&")).trim_end_matches('?').to_owned(), parameters)
}

/// `key=value` or `key='a value'`, with a backslash before a quote or a backslash.
fn of_keywords(text: &str) -> Option<(String, Parameters)> {
    let mut parameters = Parameters::default();
    let (mut kept, mut rest) = (String::new(), text.trim_start());
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let (value, length) = value(behind)?;
        if let Some(slot) = parameters.slot(key.trim()) {
            *slot = Some(value);
        } else {
            kept.push_str(key);
            kept.push('=');
            kept.push_str(&behind[..length]);
            kept.push(' ');
        }
        rest = behind[length..].trim_start();
    }
    Some((kept, parameters))
}

/// A value at the beginning, and how many bytes it takes there.
fn value(text: &str) -> Option<(String, usize)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut signs = text.char_indices().skip(usize::from(quoted));
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => value.push(signs.next()?.1),
            '\'' if quoted => return Some((value, at + 1)),
            sign if !quoted && sign.is_whitespace() => return Some((value, at)),
            sign => value.push(sign),
        }
    }
    (!quoted).then_some((value, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_does_not_know_is_read_from_urls_and_keywords_alike() {
        for text in [
            "postgres://me:pa?%26ss@db:1/x?sslmode=verify-ca&connect_timeout=3&sslrootcert=/a%20b/ca.pem&sslcert=c&sslkey=k",
            "host=db port=1 user=me password='pa?&ss' dbname=x sslmode = verify-ca sslrootcert='/a b/ca.pem' sslcert=c sslkey=k",
        ] {
            let Address { config, security } = Address::parse(text).unwrap();
            assert_eq!(config.get_password(), Some(&b"pa?&ss"[..]), "{text}");
            assert_eq!((config.get_dbname(), config.get_ports()), (Some("x"), &[1][..]));
            assert_eq!(config.get_ssl_mode(), SslMode::Require);
            assert_eq!(security.verification, Some(Verification::Authority));
            assert_eq!(security.roots, Some("/a b/ca.pem".into()));
            assert_eq!(security.client, Some(("c".into(), "k".into())));
            assert_eq!(shown(text), "postgres://db:1/x");
        }
    }

    #[test]
    fn of_several_hosts_the_one_that_takes_writes_is_wanted() {
        let attributes = |text| Address::parse(text).unwrap().config.get_target_session_attrs();
        assert_eq!(attributes("postgres://a,b/x"), TargetSessionAttrs::ReadWrite);
        assert_eq!(attributes("postgres://a/x"), TargetSessionAttrs::Any);
        assert_eq!(shown("postgres://me:canary@a:1,b:2/x"), "postgres://a:1,b:2/x");
    }

    #[test]
    fn what_is_wrong_is_told_without_what_may_be_a_secret() {
        for text in [
            "postgres://me:canary@host:port/x",
            "postgres://me:ca@nary?canary=1@host/x",
            "postgres://host/x?canary=1",
            "postgres://host/x?sslmode=canary",
            "postgres://host/x?sslmode=require&sslcert=canary",
            "postgres://host/x?sslcert=canary&sslkey=canary",
            "password=canary host='canary",
            "canary",
        ] {
            let told = Address::parse(text).unwrap_err();
            assert!(told.contains("--database-url"), "{text}: {told}");
            assert!(!told.contains("canary") && !shown(text).contains("canary"), "{text}: {told}");
        }
    }
}
