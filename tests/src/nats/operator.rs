//! A nats-server that knows its users by JWTs of an operator, and the `.creds` files of users.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use serde_json::{Value, json};

/// Who signs the JWTs of an account's users.
pub struct Operator {
    own: KeyPair,
    account: KeyPair,
    system: KeyPair,
}

impl Default for Operator {
    fn default() -> Self {
        Self {
            own: KeyPair::new_operator(),
            account: KeyPair::new_account(),
            system: KeyPair::new_account(),
        }
    }
}

impl Operator {
    /// The lines of a server's configuration that let this operator's users in.
    ///
    /// # Errors
    /// When a key cannot sign.
    pub fn lines(&self) -> anyhow::Result<String> {
        let claims = json!({ "type": "operator", "version": 2 });
        let operator = signed(&self.own, &self.own.public_key(), &claims, None)?;
        let account = |key: &KeyPair, storage: i64| {
            let limits = json!({
                "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
                "conn": -1, "leaf": -1, "mem_storage": storage, "disk_storage": storage, "streams": storage,
                "consumer": storage,
            });
            let claims = json!({ "limits": limits, "type": "account", "version": 2 });
            signed(&self.own, &key.public_key(), &claims, None)
        };
        let (own, system) = (self.account.public_key(), self.system.public_key());
        Ok(format!(
            "operator: \"{operator}\"\nsystem_account: {system}\nresolver: MEMORY\nresolver_preload {{\n  {own}: \"{}\"\n  {system}: \"{}\"\n}}\n",
            account(&self.account, -1)?,
            account(&self.system, 0)?,
        ))
    }

    /// Writes the credentials of a new user, valid for so long if it is said, and from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_credentials(&self, file: &Path, valid: Option<Duration>) -> anyhow::Result<()> {
        self.write_permitted(file, valid, &json!({ "publish": {}, "subscribe": {} }))
    }

    /// The same for a user who may do so much, as `uplion nats permissions --format json` says it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_permitted(
        &self,
        file: &Path,
        valid: Option<Duration>,
        permissions: &Value,
    ) -> anyhow::Result<()> {
        let user = KeyPair::new_user();
        let (publish, subscribe) = (&permissions["publish"], &permissions["subscribe"]);
        let claims = json!({
            "pub": publish, "sub": subscribe, "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2,
        });
        let jwt = signed(&self.account, &user.public_key(), &claims, valid)?;
        let seed = user.seed().ok().context("a user has a seed")?;
        // At once: whoever reads it sees the old one or the new one.
        let fresh = file.with_extension("fresh");
        fs::write(
            &fresh,
            format!(
                "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
            ),
        )?;
        Ok(fs::rename(fresh, file)?)
    }
}

#[expect(clippy::disallowed_methods, reason = "a JWT is valid for a time")]
fn signed(
    issuer: &KeyPair,
    subject: &str,
    nats: &Value,
    valid: Option<Duration>,
) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut claims = json!({
        "jti": subject, "iat": now.as_secs(), "iss": issuer.public_key(), "name": subject, "sub": subject, "nats": nats,
    });
    if let Some(valid) = valid {
        claims["exp"] = (now + valid).as_secs().into();
    }
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = issuer.sign(text.as_bytes()).ok().context("an operator can sign")?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
