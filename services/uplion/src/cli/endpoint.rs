//! Where the installation is and what to show it: by flag, by variable, in the `credentials.json` of a data folder, or
//! where somebody signed in.

use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::RequestBuilder;
use serde::Deserialize;
use uplion_control_client::base_url;

use super::{
    failure::Failure,
    sign_ins::{SignIn, SignIns},
};
use crate::{data_folder, secret::Secret};

/// The control API.
#[derive(Debug, Clone, Args)]
pub struct ControlArgs {
    /// Of the control API, without a path: `http://127.0.0.1:8485`.
    #[arg(long, env = "UPLION_URL", global = true, value_parser = address)]
    pub url: Option<String>,
    /// What control was started with, or an admin key that was issued since. Without one, who signed in with `uplion login`.
    #[arg(long, env = "UPLION_ADMIN_KEY", hide_env_values = true, global = true)]
    pub admin_key: Option<Secret>,
    #[command(flatten)]
    pub folder: DataFolder,
}

/// The gateway.
#[derive(Debug, Clone, Args)]
pub struct GatewayArgs {
    /// Of the OpenAI-compatible API, with /v1: `http://127.0.0.1:8484/v1`.
    #[arg(long, env = "UPLION_BASE_URL", global = true, value_parser = address)]
    pub base_url: Option<String>,
    /// As `uplion key create` showed it.
    #[arg(long, env = "UPLION_API_KEY", hide_env_values = true, global = true)]
    pub api_key: Option<Secret>,
}

#[derive(Debug, Clone, Args)]
pub struct DataFolder {
    /// Data folder of a `uplion dev`: its credentials.json says what no flag or variable does.
    #[arg(
        long,
        env = "UPLION_DATA",
        default_value = data_folder::DEFAULT,
        value_name = "DIR",
        global = true
    )]
    pub data: PathBuf,
}

/// A URL, without a slash at its end, and what is shown there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub url: String,
    pub key: Option<Secret>,
    pub kind: CredentialKind,
}

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    AdminKey,
    SignIn,
    ApiKey,
    Nothing,
}

/// What a data folder knows. Only what is asked for is read.
#[derive(Default, Deserialize)]
struct Credentials {
    base_url: Option<String>,
    api_key: Option<String>,
    model: Option<String>,
    admin_url: Option<String>,
    admin_key: Option<String>,
}

/// A URL and the key that goes with it, as far as somebody knows them.
#[derive(Debug, Clone, Default)]
struct KnownEndpoint {
    url: Option<String>,
    key: Option<Secret>,
}

impl ControlArgs {
    pub fn endpoint(&self) -> Result<Endpoint, Failure> {
        self.resolve(&SignIns::of_this_account().all()?)
    }

    /// Where it is, for who is not signed in yet.
    pub fn anonymous(&self) -> Result<Endpoint, Failure> {
        let url = self.url(&self.folder.control()?, &SignIns::of_this_account().all()?)?;
        Ok(Endpoint { url, key: None, kind: CredentialKind::Nothing })
    }

    /// As who is signed in there, whatever key is at hand.
    pub fn signed_in(&self) -> Result<Option<Endpoint>, Failure> {
        let sign_ins = SignIns::of_this_account().all()?;
        let url = self.url(&self.folder.control()?, &sign_ins)?;
        Ok(Endpoint::of_sign_in(&url, &sign_ins))
    }

    /// Flags and variables win over the data folder, and that over a sign-in.
    fn resolve(&self, sign_ins: &[SignIn]) -> Result<Endpoint, Failure> {
        let folder = self.folder.control()?;
        let url = self.url(&folder, sign_ins)?;
        if let Some(key) = self.admin_key.clone().or_else(|| folder.for_url(&url)) {
            return Ok(Endpoint { url, key: Some(key), kind: CredentialKind::AdminKey });
        }
        Endpoint::of_sign_in(&url, sign_ins).ok_or_else(|| {
            Failure::NotSignedIn(format!(
                "you are not signed in at {url}: `uplion login --url {url}`, or give --admin-key or UPLION_ADMIN_KEY"
            ))
        })
    }

    fn url(&self, folder: &KnownEndpoint, sign_ins: &[SignIn]) -> Result<String, Failure> {
        if let Some(url) = self.url.as_deref().map(base_url).or_else(|| folder.url.clone()) {
            return Ok(url);
        }
        match sign_ins {
            [only] => Ok(only.url.clone()),
            [] => Err(no_endpoint("--url", "UPLION_URL", &self.folder.data)),
            several => {
                let urls: Vec<&str> = several.iter().map(|sign_in| sign_in.url.as_str()).collect();
                Err(Failure::NoEndpoint(format!(
                    "you are signed in at several installations: say which with --url or UPLION_URL: {}",
                    urls.join(", ")
                )))
            }
        }
    }
}

impl GatewayArgs {
    /// Where it is, if anybody said so.
    pub fn url(&self, folder: &DataFolder) -> Result<Option<String>, Failure> {
        let given = self.base_url.as_deref().map(base_url);
        Ok(match given {
            Some(url) => Some(url),
            None => folder.gateway()?.url,
        })
    }

    /// What the installation of the folder has asked, if that is the one meant.
    pub fn model(&self, folder: &DataFolder) -> Result<Option<String>, Failure> {
        let Credentials { base_url: known, model, .. } = folder.credentials()?;
        Ok(if self.url(folder)? == known.as_deref().map(base_url) { model } else { None })
    }

    pub fn endpoint(&self, folder: &DataFolder) -> Result<Endpoint, Failure> {
        let known = folder.gateway()?;
        let Some(url) = self.base_url.as_deref().map(base_url).or_else(|| known.url.clone()) else {
            return Err(no_endpoint("--base-url", "UPLION_BASE_URL", &folder.data));
        };
        match self.api_key.clone().or_else(|| known.for_url(&url)) {
            Some(key) => Ok(Endpoint { url, key: Some(key), kind: CredentialKind::ApiKey }),
            None => Err(Failure::NotSignedIn(format!(
                "no key for {url}: give --api-key or UPLION_API_KEY"
            ))),
        }
    }
}

impl Endpoint {
    fn of_sign_in(url: &str, sign_ins: &[SignIn]) -> Option<Self> {
        let SignIn { url, token } = sign_ins.iter().find(|sign_in| sign_in.url == url)?.clone();
        Some(Self { url, key: Some(token), kind: CredentialKind::SignIn })
    }

    pub fn authorize(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    /// What to say when it was shown and not taken; none if the answer says it.
    pub fn rejection(&self) -> Option<String> {
        let Self { url, key: _, kind } = self;
        Some(match kind {
            CredentialKind::Nothing => return None,
            CredentialKind::AdminKey => format!(
                "the admin key is not valid at {url}: give another with --admin-key or UPLION_ADMIN_KEY"
            ),
            CredentialKind::SignIn => {
                format!("your sign-in at {url} has ended: `uplion login --url {url}`")
            }
            CredentialKind::ApiKey => format!(
                "the key is not valid at {url}: give another with --api-key or UPLION_API_KEY"
            ),
        })
    }
}

impl KnownEndpoint {
    /// A key is shown to nobody but the installation that it is for.
    fn for_url(&self, url: &str) -> Option<Secret> {
        self.key.clone().filter(|_| self.url.as_deref() == Some(url))
    }
}

impl DataFolder {
    fn control(&self) -> Result<KnownEndpoint, Failure> {
        let Credentials { admin_url, admin_key, .. } = self.credentials()?;
        let (url, key) = (admin_url.as_deref().map(base_url), admin_key.map(Secret::new));
        Ok(KnownEndpoint { url, key })
    }

    fn gateway(&self) -> Result<KnownEndpoint, Failure> {
        let Credentials { base_url: gateway_url, api_key, .. } = self.credentials()?;
        let (url, key) = (gateway_url.as_deref().map(base_url), api_key.map(Secret::new));
        Ok(KnownEndpoint { url, key })
    }

    fn credentials(&self) -> Result<Credentials, Failure> {
        let path = self.data.join("credentials.json");
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| {
                Failure::caused(format!("{} cannot be read", path.display()), error)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Credentials::default())
            }
            Err(error) => Err(Failure::caused(format!("{} cannot be read", path.display()), error)),
        }
    }
}

/// Of a server that speaks HTTP.
fn address(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match url {
        Some(url) if url.has_host() => Ok(text.to_owned()),
        Some(_) | None => {
            Err("an address that starts with http:// or https:// is expected".to_owned())
        }
    }
}

fn no_endpoint(flag: &str, variable: &str, data: &Path) -> Failure {
    Failure::NoEndpoint(format!(
        "no installation found: give {flag} or {variable}, or --data with the folder of a `uplion dev` ({} has no credentials.json)",
        data.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Setup {
        data: tempfile::TempDir,
        sign_ins: Vec<SignIn>,
    }

    impl Setup {
        fn new(sign_ins: &[(&str, &str)]) -> Self {
            let sign_in = |(url, token): &(&str, &str)| SignIn {
                url: (*url).to_owned(),
                token: Secret::new(*token),
            };
            let data = tempfile::tempdir().unwrap();
            Self { data, sign_ins: sign_ins.iter().map(sign_in).collect() }
        }

        fn with_folder(self) -> Self {
            let text = r#"{ "admin_url": "http://here", "admin_key": "known" }"#;
            std::fs::write(self.data.path().join("credentials.json"), text).unwrap();
            self
        }

        fn found(&self, url: Option<&str>, key: Option<&str>) -> Result<(String, String), String> {
            let folder = DataFolder { data: self.data.path().to_owned() };
            let (url, admin_key) = (url.map(ToOwned::to_owned), key.map(Secret::new));
            let endpoint = ControlArgs { url, admin_key, folder }.resolve(&self.sign_ins);
            endpoint
                .map(|endpoint| (endpoint.url, endpoint.key.unwrap().expose().to_owned()))
                .map_err(|failure| failure.message().unwrap_or_default())
        }
    }

    fn both(url: &str, key: &str) -> (String, String) {
        (url.to_owned(), key.to_owned())
    }

    #[test]
    fn what_is_given_wins_over_what_lies_in_the_folder() {
        let setup = Setup::new(&[]).with_folder();
        assert_eq!(setup.found(None, None).unwrap(), both("http://here", "known"));
        assert_eq!(setup.found(None, Some("given")).unwrap(), both("http://here", "given"));
        let there = setup.found(Some("http://there/"), Some("given"));
        assert_eq!(there.unwrap(), both("http://there", "given"));
        assert_eq!(setup.found(Some("http://here/"), None).unwrap(), both("http://here", "known"));
    }

    #[test]
    fn the_folder_wins_over_a_sign_in_at_its_installation_and_at_no_other() {
        let signed_in = [("http://here", "token"), ("http://there", "other")];
        let setup = Setup::new(&signed_in).with_folder();
        assert_eq!(setup.found(None, None).unwrap(), both("http://here", "known"));
        assert_eq!(setup.found(Some("http://there"), None).unwrap(), both("http://there", "other"));
    }

    #[test]
    fn the_folders_key_is_shown_to_no_other_installation() {
        let refused = Setup::new(&[]).with_folder().found(Some("http://there"), None).unwrap_err();
        for way in ["uplion login --url http://there", "--admin-key"] {
            assert!(refused.contains(way), "{refused}");
        }
    }

    #[test]
    fn the_only_sign_in_says_where_and_several_ask_which() {
        let one = Setup::new(&[("http://a", "ta")]);
        assert_eq!(one.found(None, None).unwrap(), both("http://a", "ta"));
        let two = Setup::new(&[("http://a", "ta"), ("http://b", "tb")]);
        assert_eq!(two.found(Some("http://b/control/v1/"), None).unwrap(), both("http://b", "tb"));
        let asked = two.found(None, None).unwrap_err();
        for part in ["--url", "http://a", "http://b"] {
            assert!(asked.contains(part), "{asked}");
        }
        assert!(!asked.contains("ta,") && !asked.contains("tb"), "{asked}");
    }

    #[test]
    fn without_any_hint_the_failure_names_all_three_ways() {
        let sentence = Setup::new(&[]).found(None, None).unwrap_err();
        for way in ["--url", "UPLION_URL", "--data"] {
            assert!(sentence.contains(way), "{sentence}");
        }
    }
}
