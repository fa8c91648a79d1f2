//! Where the worker finds what its upstreams want to be shown: in its environment, or in a folder where Kubernetes
//! mounts Secrets, `<folder>/<name of the Secret>/<key>`.

use std::{env, fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use uplion_domain::model::Credential;

#[derive(Debug, Clone)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    pub const FOLDER: &str = "/etc/uplion/secrets";

    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Fails with what a person must mend, and never with a part of the secret.
    pub fn reveal(&self, credential: &Credential) -> anyhow::Result<String> {
        let secret = match credential {
            Credential::Environment(name) => env::var(name).with_context(|| {
                format!("environment variable {name}, which holds the upstream's API key")
            })?,
            Credential::Secret { name, key } => {
                let path = self.folder.join(name).join(key);
                fs::read_to_string(&path).with_context(|| {
                    let path = path.display();
                    format!(
                        "Secret {name}, whose key {key} holds the upstream's API key, should be mounted as {path}"
                    )
                })?
            }
        };
        let secret = secret.trim();
        ensure!(!secret.is_empty(), "the upstream's API key is empty where it was looked for");
        Ok(secret.to_owned())
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self::in_folder(Self::FOLDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Credential {
        Credential::Secret { name: "open-ai".into(), key: "api-key".into() }
    }

    #[test]
    fn a_mounted_secret_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("open-ai")).unwrap();
        fs::write(folder.path().join("open-ai/api-key"), "sk-1\n").unwrap();
        let secrets = Secrets::in_folder(folder.path());
        assert_eq!(secrets.reveal(&secret()).unwrap(), "sk-1");
    }

    #[test]
    fn a_secret_that_is_not_mounted_is_named_with_the_place_where_it_should_be() {
        let error = Secrets::default().reveal(&secret()).unwrap_err().to_string();
        assert!(error.contains("/etc/uplion/secrets/open-ai/api-key"), "{error}");
    }

    #[test]
    fn an_empty_secret_is_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("open-ai")).unwrap();
        fs::write(folder.path().join("open-ai/api-key"), "\n").unwrap();
        assert!(Secrets::in_folder(folder.path()).reveal(&secret()).is_err());
    }
}
