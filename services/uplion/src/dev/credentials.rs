//! `credentials.json` in the data folder: how to reach the installation that `uplion dev` made there.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::private_file;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Of the OpenAI-compatible API, with `/v1`: what SDKs call `base_url`.
    pub base_url: String,
    /// None until the first start is through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// What is asked when nobody says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Of the control API, without a path.
    pub admin_url: String,
    pub admin_key: String,
    /// Of the first administrator, to sign in with; none once there is none of this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_email: Option<String>,
    /// As it was at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_password: Option<String>,
    /// Under which end users are recorded: the same for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user_key: Option<String>,
    /// They were made at this start.
    #[serde(skip)]
    pub are_new: bool,
}

pub const ADMIN_EMAIL: &str = "admin@localhost";

pub fn new_password() -> String {
    hex::encode(rand::random::<[u8; 12]>())
}

/// Those that are there, at today's address, or new ones without an API key. Written at once: the admin key must not change.
pub fn of(data: &Path, listen: SocketAddr) -> Result<Credentials> {
    let host =
        if listen.ip().is_unspecified() { "127.0.0.1".to_owned() } else { host(listen.ip()) };
    let admin_url = format!("http://{host}:{}", listen.port());
    let base_url = format!("{admin_url}/v1");
    let known = read(data)?;
    let new_key = || hex::encode(rand::random::<[u8; 24]>());
    let mut credentials = known.unwrap_or_else(|| Credentials {
        base_url: String::new(),
        api_key: None,
        model: None,
        admin_url: String::new(),
        admin_key: format!("adm-uplion-{}", new_key()),
        admin_email: Some(ADMIN_EMAIL.to_owned()),
        admin_password: Some(new_password()),
        end_user_key: None,
        are_new: true,
    });
    (credentials.base_url, credentials.admin_url) = (base_url, admin_url);
    credentials.end_user_key.get_or_insert_with(new_key);
    write(data, &credentials)?;
    Ok(credentials)
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn path(data: &Path) -> PathBuf {
    data.join("credentials.json")
}

fn read(data: &Path) -> Result<Option<Credentials>> {
    let path = path(data);
    match std::fs::read(&path) {
        // A start that was cut off, or a disk that was full: nothing of it can be read again.
        Ok(text) if text.trim_ascii().is_empty() => Ok(None),
        Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| {
            format!("{} cannot be read: move it away to make new credentials", path.display())
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

pub fn write(data: &Path, credentials: &Credentials) -> Result<()> {
    let path = path(data);
    private_file::write(&path, &serde_json::to_vec_pretty(credentials)?)
        .with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn credentials_are_for_their_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let credentials = Credentials {
            base_url: "http://127.0.0.1:8484/v1".into(),
            api_key: Some("sk-uplion-x".into()),
            model: Some("demo".into()),
            admin_url: "http://127.0.0.1:8484".into(),
            admin_key: "adm".into(),
            admin_email: Some("admin@localhost".into()),
            admin_password: Some("secret".into()),
            end_user_key: Some("key".into()),
            are_new: false,
        };
        write(data.path(), &credentials).unwrap();
        write(data.path(), &credentials).unwrap();

        assert_eq!(read(data.path()).unwrap(), Some(credentials));
        let mode = std::fs::metadata(path(data.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_keys_stay_when_the_address_changes() {
        let data = tempfile::tempdir().unwrap();
        let first = of(data.path(), "127.0.0.1:8484".parse().unwrap()).unwrap();
        let second = of(data.path(), "0.0.0.0:9000".parse().unwrap()).unwrap();
        assert_eq!(first.admin_key, second.admin_key);
        assert_eq!(first.admin_password, second.admin_password);
        assert_eq!(second.base_url, "http://127.0.0.1:9000/v1");
    }

    #[test]
    fn a_folder_without_credentials_is_new() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(read(data.path()).unwrap(), None);
        std::fs::write(path(data.path()), "\n").unwrap();
        assert_eq!(read(data.path()).unwrap(), None, "nor does an empty file say anything");
        std::fs::write(path(data.path()), "{").unwrap();
        let told = read(data.path()).unwrap_err().to_string();
        assert!(told.contains("credentials.json") && told.contains("move it away"), "{told}");
    }
}
