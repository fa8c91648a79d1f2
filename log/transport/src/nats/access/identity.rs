//! Who this process tells NATS that it is.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use async_nats::Auth;
use nkeys::{KeyPair, KeyPairType};

use super::{
    credentials::{self, Credentials},
    servers::Userinfo,
};
use crate::{
    certificate::{PemFile, read},
    nats::NatsOptions,
};

const NKEY: &str = "--nats-nkey (UPLION_NATS_NKEY)";
const USER: &str = "--nats-user and --nats-password (UPLION_NATS_USER, UPLION_NATS_PASSWORD)";
const TOKEN: &str = "--nats-token (UPLION_NATS_TOKEN)";
const IN_URL: &str = "the user part of --nats-url (UPLION_NATS_URL)";

#[derive(Clone)]
pub enum Identity {
    /// Or whom the client certificate names.
    Nobody,
    User {
        user: String,
        password: String,
        said_by: &'static str,
    },
    Token {
        token: String,
        said_by: &'static str,
    },
    /// A file with a seed.
    Nkey(PathBuf),
    /// A `.creds` file.
    Credentials(PathBuf),
}

/// Its kind alone.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said_by())
    }
}

impl Identity {
    /// One, of all that was said.
    pub fn of(options: &NatsOptions, userinfo: Option<Userinfo>) -> Result<Self, String> {
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let by_url = userinfo.map(|Userinfo { user, password }| match password {
            Some(password) => Self::User { user, password, said_by: IN_URL },
            None => Self::Token { token: user, said_by: IN_URL },
        });
        let by_name = match (said(&options.user), &options.password) {
            (Some(user), Some(password)) => {
                Some(Self::User { user, password: password.clone(), said_by: USER })
            }
            (Some(_), None) => {
                return Err("--nats-user (UPLION_NATS_USER) needs --nats-password (UPLION_NATS_PASSWORD) beside it".to_owned());
            }
            (None, Some(password)) if !password.is_empty() => {
                return Err("--nats-password (UPLION_NATS_PASSWORD) needs --nats-user (UPLION_NATS_USER) beside it".to_owned());
            }
            (None, _) => None,
        };
        let by_token = said(&options.token).map(|token| Self::Token { token, said_by: TOKEN });
        let by_nkey = options.nkey.clone().map(Self::Nkey);
        let by_file = options.credentials.clone().map(Self::Credentials);
        let mut all = [by_url, by_name, by_token, by_nkey, by_file].into_iter().flatten();
        match (all.next(), all.next()) {
            (None, _) => Ok(Self::Nobody),
            (Some(one), None) => Ok(one),
            (Some(one), Some(other)) => Err(format!(
                "{} and {} both say who this is: leave one of them out",
                one.said_by(),
                other.said_by()
            )),
        }
    }

    const fn said_by(&self) -> &'static str {
        match self {
            Self::Nobody => "nothing",
            Self::User { said_by, .. } | Self::Token { said_by, .. } => said_by,
            Self::Nkey(_) => NKEY,
            Self::Credentials(_) => credentials::FLAG,
        }
    }

    /// What the server is told; files are read anew.
    pub fn auth(&self, nonce: &[u8]) -> Result<Auth, String> {
        let mut auth = Auth::new();
        match self {
            Self::Nobody => {}
            Self::User { user, password, .. } => {
                auth.username = Some(user.clone());
                auth.password = Some(password.clone());
            }
            Self::Token { token, .. } => auth.token = Some(token.clone()),
            Self::Nkey(path) => {
                let key = seed(path)?;
                auth.nkey = Some(key.public_key());
                auth.signature = Some(signed(&key, nonce)?);
            }
            Self::Credentials(path) => {
                let Credentials { jwt, key, .. } = Credentials::read(path)?;
                auth.signature = Some(signed(&key, nonce)?);
                auth.jwt = Some(jwt);
            }
        }
        Ok(auth)
    }

    /// Whether the file, if it is one, is good for anything.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Nobody | Self::User { .. } | Self::Token { .. } => Ok(()),
            Self::Nkey(path) => seed(path).map(drop),
            Self::Credentials(path) => Credentials::read(path)?.is_valid_now(path),
        }
    }

    /// What to do when the server does not let it in.
    pub fn refused(&self) -> String {
        match self {
            Self::Nobody => format!(
                "the server asks who this is: say so with {USER}, {TOKEN}, {NKEY} or {}",
                credentials::FLAG
            ),
            Self::User { said_by, .. } => {
                format!("the server refuses the user and password: correct {said_by}")
            }
            Self::Token { said_by, .. } => {
                format!("the server refuses the token: correct {said_by}")
            }
            Self::Nkey(path) => format!(
                "the server does not know the key in {}: let it in there, or name another file with {NKEY}",
                path.display()
            ),
            Self::Credentials(path) => format!(
                "the server refuses what is in {}: have its operator write a new one there, or name another file with {}",
                path.display(),
                credentials::FLAG
            ),
        }
    }
}

/// The first line of the file that can be one, as `nk` writes it.
fn seed(path: &Path) -> Result<KeyPair, String> {
    let text = read(PemFile { flag: NKEY, path })?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(str::trim).find(|line| line.starts_with("SU"));
    let key = line.and_then(|line| KeyPair::from_seed(line).ok());
    key.filter(|key| matches!(key.key_pair_type(), KeyPairType::User)).ok_or_else(|| {
        format!(
            "{NKEY}: {} holds no seed of a user's nkey: it is a line that begins with SU",
            path.display()
        )
    })
}

fn signed(key: &KeyPair, nonce: &[u8]) -> Result<Vec<u8>, String> {
    key.sign(nonce).map_err(|error| io::Error::other(error).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &NatsOptions) -> Result<Identity, String> {
        Identity::of(options, None)
    }

    #[test]
    fn one_says_who_it_is_and_two_are_refused_by_their_names() {
        let token = Some("canary".to_owned());
        let (user, password) = (token.clone(), token.clone());
        let credentials = Some(PathBuf::from("/x.creds"));
        let both = NatsOptions { token: token.clone(), credentials, ..Default::default() };
        let error = of(&both).unwrap_err();
        assert!(error.contains("--nats-token") && error.contains("--nats-credentials"), "{error}");
        let half = NatsOptions { user: user.clone(), ..Default::default() };
        assert!(of(&half).unwrap_err().contains("--nats-password"));
        let whole = NatsOptions { user, password, ..Default::default() };
        let identity = of(&whole).unwrap();
        assert!(!format!("{identity:?} {}", identity.refused()).contains("canary"));
        let empty = Some(String::new());
        let unset = NatsOptions {
            user: empty.clone(),
            password: empty.clone(),
            token: empty,
            ..Default::default()
        };
        assert!(matches!(of(&unset), Ok(Identity::Nobody)));
    }
}
