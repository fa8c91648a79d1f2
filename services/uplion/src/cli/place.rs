//! Where the installation is and what to show it: by flag, by variable, in the `credentials.json` of a data folder, or
//! where somebody signed in.

use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::RequestBuilder;
use serde::Deserialize;

use super::{
    failure::Failure,
    sign_ins::{SignIn, SignIns, bare},
};
use crate::{arguments::DATA, secret::Secret};

/// The control API.
#[derive(Debug, Clone, Args)]
pub struct Control {
    /// Of the control API, without a path: `http://127.0.0.1:8485`.
    #[arg(long, env = "UPLION_URL", global = true)]
    pub url: Option<String>,
    /// What control was started with, or an admin key that was issued since. Without one, who signed in with `uplion login`.
    #[arg(long, env = "UPLION_ADMIN_KEY", hide_env_values = true, global = true)]
    pub admin_key: Option<Secret>,
    #[command(flatten)]
    pub folder: Folder,
}

/// The gateway.
#[derive(Debug, Clone, Args)]
pub struct Gateway {
    /// Of the OpenAI-compatible API, with /v1: `http://127.0.0.1:8484/v1`.
    #[arg(long, env = "UPLION_BASE_URL", global = true)]
    pub base_url: Option<String>,
    /// As `uplion key create` showed it.
    #[arg(long, env = "UPLION_API_KEY", hide_env_values = true, global = true)]
    pub api_key: Option<Secret>,
}

#[derive(Debug, Clone, Args)]
pub struct Folder {
    /// Data folder of a `uplion dev`: its credentials.json says what no flag or variable does.
    #[arg(
        long,
        env = "UPLION_DATA",
        default_value = DATA,
        value_name = "DIR",
        global = true
    )]
    pub data: PathBuf,
}

/// A URL, without a slash at its end, and what is shown there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub url: String,
    pub key: Option<Secret>,
    pub proof: Proof,
}

/// What the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
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
    admin_url: Option<String>,
    admin_key: Option<String>,
}

/// A URL and the key that goes with it, as far as somebody knows them.
#[derive(Debug, Clone, Default)]
struct Known {
    url: Option<String>,
    key: Option<Secret>,
}

impl Control {
    pub fn place(&self) -> Result<Place, Failure> {
        self.among(&SignIns::of_this_account().all()?)
    }

    /// Where it is, for who is not signed in yet.
    pub fn anonymous(&self) -> Result<Place, Failure> {
        let url = self.asked(&self.folder.control()?, &SignIns::of_this_account().all()?)?;
        Ok(Place { url, key: None, proof: Proof::Nothing })
    }

    /// As who is signed in there, whatever key is at hand.
    pub fn signed_in(&self) -> Result<Option<Place>, Failure> {
        let sign_ins = SignIns::of_this_account().all()?;
        let url = self.asked(&self.folder.control()?, &sign_ins)?;
        Ok(Place::of_sign_in(&url, &sign_ins))
    }

    /// What is said wins over what lies in the data folder, and that over a sign-in.
    fn among(&self, sign_ins: &[SignIn]) -> Result<Place, Failure> {
        let folder = self.folder.control()?;
        let url = self.asked(&folder, sign_ins)?;
        if let Some(key) = self.admin_key.clone().or_else(|| folder.for_place(&url)) {
            return Ok(Place { url, key: Some(key), proof: Proof::AdminKey });
        }
        Place::of_sign_in(&url, sign_ins).ok_or_else(|| {
            Failure::NotSignedIn(format!(
                "you are not signed in at {url}: `uplion login --url {url}`, or give --admin-key or UPLION_ADMIN_KEY"
            ))
        })
    }

    fn asked(&self, folder: &Known, sign_ins: &[SignIn]) -> Result<String, Failure> {
        if let Some(url) = self.url.as_deref().map(bare).or_else(|| folder.url.clone()) {
            return Ok(url);
        }
        match sign_ins {
            [only] => Ok(only.url.clone()),
            [] => Err(nowhere("--url", "UPLION_URL", &self.folder.data)),
            several => {
                let urls: Vec<&str> = several.iter().map(|sign_in| sign_in.url.as_str()).collect();
                Err(Failure::Unknown(format!(
                    "you are signed in at several installations: say which with --url or UPLION_URL: {}",
                    urls.join(", ")
                )))
            }
        }
    }
}

impl Gateway {
    pub fn place(&self, folder: &Folder) -> Result<Place, Failure> {
        let known = folder.gateway()?;
        let Some(url) = self.base_url.as_deref().map(bare).or_else(|| known.url.clone()) else {
            return Err(nowhere("--base-url", "UPLION_BASE_URL", &folder.data));
        };
        match self.api_key.clone().or_else(|| known.for_place(&url)) {
            Some(key) => Ok(Place { url, key: Some(key), proof: Proof::ApiKey }),
            None => Err(Failure::NotSignedIn(format!(
                "no key for {url}: give --api-key or UPLION_API_KEY"
            ))),
        }
    }
}

impl Place {
    fn of_sign_in(url: &str, sign_ins: &[SignIn]) -> Option<Self> {
        let SignIn { url, token } = sign_ins.iter().find(|sign_in| sign_in.url == url)?.clone();
        Some(Self { url, key: Some(token), proof: Proof::SignIn })
    }

    pub fn shown(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    /// What to say when it was shown and not taken; none if the answer says it.
    pub fn not_taken(&self) -> Option<String> {
        let Self { url, key: _, proof } = self;
        Some(match proof {
            Proof::Nothing => return None,
            Proof::AdminKey => format!(
                "the admin key is not valid at {url}: give another with --admin-key or UPLION_ADMIN_KEY"
            ),
            Proof::SignIn => {
                format!("your sign-in at {url} has ended: `uplion login --url {url}`")
            }
            Proof::ApiKey => format!(
                "the key is not valid at {url}: give another with --api-key or UPLION_API_KEY"
            ),
        })
    }
}

impl Known {
    /// A key is shown to nobody but the installation that it is for.
    fn for_place(&self, url: &str) -> Option<Secret> {
        self.key.clone().filter(|_| self.url.as_deref() == Some(url))
    }
}

impl Folder {
    fn control(&self) -> Result<Known, Failure> {
        let Credentials { admin_url, admin_key, .. } = self.credentials()?;
        let (url, key) = (admin_url.as_deref().map(bare), admin_key.map(Secret::new));
        Ok(Known { url, key })
    }

    fn gateway(&self) -> Result<Known, Failure> {
        let Credentials { base_url, api_key, .. } = self.credentials()?;
        let (url, key) = (base_url.as_deref().map(bare), api_key.map(Secret::new));
        Ok(Known { url, key })
    }

    fn credentials(&self) -> Result<Credentials, Failure> {
        let path = self.data.join("credentials.json");
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| {
                Failure::Unknown(format!("{} cannot be read: {error}", path.display()))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Credentials::default())
            }
            Err(error) => {
                Err(Failure::Unknown(format!("{} cannot be read: {error}", path.display())))
            }
        }
    }
}

fn nowhere(flag: &str, variable: &str, data: &Path) -> Failure {
    Failure::Unknown(format!(
        "no installation found: give {flag} or {variable}, or --data with the folder of a `uplion dev` ({} has no credentials.json)",
        data.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        data: tempfile::TempDir,
        sign_ins: Vec<SignIn>,
    }

    impl Scene {
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
            let folder = Folder { data: self.data.path().to_owned() };
            let (url, admin_key) = (url.map(ToOwned::to_owned), key.map(Secret::new));
            let place = Control { url, admin_key, folder }.among(&self.sign_ins);
            place
                .map(|place| (place.url, place.key.unwrap().expose().to_owned()))
                .map_err(|failure| failure.sentence().unwrap_or_default())
        }
    }

    fn both(url: &str, key: &str) -> (String, String) {
        (url.to_owned(), key.to_owned())
    }

    #[test]
    fn what_is_said_wins_over_what_lies_in_the_folder() {
        let scene = Scene::new(&[]).with_folder();
        assert_eq!(scene.found(None, None).unwrap(), both("http://here", "known"));
        assert_eq!(scene.found(None, Some("said")).unwrap(), both("http://here", "said"));
        let there = scene.found(Some("http://there/"), Some("said"));
        assert_eq!(there.unwrap(), both("http://there", "said"));
        assert_eq!(scene.found(Some("http://here/"), None).unwrap(), both("http://here", "known"));
    }

    #[test]
    fn the_folder_wins_over_a_sign_in_at_its_installation_and_at_no_other() {
        let signed_in = [("http://here", "token"), ("http://there", "other")];
        let scene = Scene::new(&signed_in).with_folder();
        assert_eq!(scene.found(None, None).unwrap(), both("http://here", "known"));
        assert_eq!(scene.found(Some("http://there"), None).unwrap(), both("http://there", "other"));
    }

    #[test]
    fn the_folders_key_is_shown_to_no_other_installation() {
        let refused = Scene::new(&[]).with_folder().found(Some("http://there"), None).unwrap_err();
        for way in ["uplion login --url http://there", "--admin-key"] {
            assert!(refused.contains(way), "{refused}");
        }
    }

    #[test]
    fn the_only_sign_in_says_where_and_several_ask_which() {
        let one = Scene::new(&[("http://a", "ta")]);
        assert_eq!(one.found(None, None).unwrap(), both("http://a", "ta"));
        let two = Scene::new(&[("http://a", "ta"), ("http://b", "tb")]);
        assert_eq!(two.found(Some("http://b/control/v1/"), None).unwrap(), both("http://b", "tb"));
        let asked = two.found(None, None).unwrap_err();
        for part in ["--url", "http://a", "http://b"] {
            assert!(asked.contains(part), "{asked}");
        }
        assert!(!asked.contains("ta,") && !asked.contains("tb"), "{asked}");
    }

    #[test]
    fn without_any_hint_the_failure_names_all_three_ways() {
        let sentence = Scene::new(&[]).found(None, None).unwrap_err();
        for way in ["--url", "UPLION_URL", "--data"] {
            assert!(sentence.contains(way), "{sentence}");
        }
    }
}
