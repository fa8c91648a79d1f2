//! A `.creds` file: a user's JWT, and the seed of the key that it is for.

use std::{path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use serde::Deserialize;

use crate::certificate::{PemFile, day, now, read};

pub const FLAG: &str = "--nats-credentials (UPLION_NATS_CREDENTIALS)";

pub struct Credentials {
    pub jwt: String,
    pub key: KeyPair,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970; none or 0: for ever.
    #[serde(default)]
    exp: u64,
}

impl Credentials {
    pub fn read(path: &Path) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "{FLAG}: {} {what}: name a file as `nsc generate creds` writes it",
                path.display()
            )
        };
        let text = read(PemFile { flag: FLAG, path })?;
        let text = String::from_utf8_lossy(&text);
        let jwt = within(&text, "USER JWT").ok_or_else(|| wrong("holds no user's JWT"))?;
        let seed = within(&text, "NKEY SEED").ok_or_else(|| wrong("holds no seed of an nkey"))?;
        let key = KeyPair::from_seed(seed).map_err(|_| wrong("holds a seed that is damaged"))?;
        let claims = claims(jwt).ok_or_else(|| wrong("holds a JWT that is damaged"))?;
        if claims.sub != key.public_key() {
            return Err(wrong("holds a JWT and the seed of another user"));
        }
        Ok(Self { jwt: jwt.to_owned(), key, claims })
    }

    /// By this machine's clock. The server judges by its own.
    pub fn is_valid_now(&self, path: &Path) -> Result<(), String> {
        let expires = Duration::from_secs(self.claims.exp);
        if expires.is_zero() || now() < expires {
            return Ok(());
        }
        Err(format!(
            "{FLAG}: the JWT in {} expired on {}: have its operator write a new one there",
            path.display(),
            day(expires)
        ))
    }
}

/// The line between a line that says so and the next one of dashes.
fn within<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with("---") && line.contains("BEGIN") && line.contains(what))?;
    lines.find(|line| !line.is_empty()).filter(|line| !line.starts_with("---"))
}

fn claims(jwt: &str) -> Option<Claims> {
    let payload = jwt.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_between_its_dashes() {
        let text = "-----BEGIN NATS USER JWT-----\r\nabc.def.ghi\r\n------END NATS USER JWT------\n\n*** note\n-----BEGIN USER NKEY SEED-----\nSUX\n------END USER NKEY SEED------\n";
        assert_eq!(within(text, "USER JWT"), Some("abc.def.ghi"));
        assert_eq!(within(text, "NKEY SEED"), Some("SUX"));
        assert_eq!(within("-----BEGIN USER NKEY SEED-----\n------END", "NKEY SEED"), None);
    }
}
