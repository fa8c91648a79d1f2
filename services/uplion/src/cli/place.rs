//! Where the installation is and what to show it: by flag, by variable, or in the `credentials.json` of a data folder.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::failure::Failure;

/// The control API.
#[derive(Debug, Clone, Args)]
pub struct Control {
    /// Of the control API, without a path: `http://127.0.0.1:8485`.
    #[arg(long, env = "UPLION_URL", global = true)]
    pub url: Option<String>,
    /// What control was started with.
    #[arg(long, env = "UPLION_ADMIN_KEY", hide_env_values = true, global = true)]
    pub admin_key: Option<String>,
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
    pub api_key: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Folder {
    /// Data folder of a `uplion dev`: its credentials.json says what no flag or variable does.
    #[arg(
        long,
        env = "UPLION_DATA",
        default_value = "./uplion-data",
        value_name = "DIR",
        global = true
    )]
    pub data: PathBuf,
}

/// A URL, without a slash at its end, and the key that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub url: String,
    pub key: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Credentials {
    base_url: Option<String>,
    api_key: Option<String>,
    admin_url: Option<String>,
    admin_key: Option<String>,
}

impl Control {
    pub fn place(&self) -> Result<Place, Failure> {
        let known = self.folder.credentials()?;
        let known = (known.admin_url, known.admin_key);
        let asked = (self.url.as_deref(), self.admin_key.as_deref());
        let place = place(
            asked,
            known,
            ["--url", "UPLION_URL", "--admin-key", "UPLION_ADMIN_KEY"],
            &self.folder.data,
        )?;
        let url = place.url.trim_end_matches(uplion_control::PATH).to_owned();
        Ok(Place { url, ..place })
    }
}

impl Gateway {
    pub fn place(&self, folder: &Folder) -> Result<Place, Failure> {
        let known = folder.credentials()?;
        let known = (known.base_url, known.api_key);
        let asked = (self.base_url.as_deref(), self.api_key.as_deref());
        place(
            asked,
            known,
            ["--base-url", "UPLION_BASE_URL", "--api-key", "UPLION_API_KEY"],
            &folder.data,
        )
    }
}

impl Folder {
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

fn place(
    (url, key): (Option<&str>, Option<&str>),
    (known_url, known_key): (Option<String>, Option<String>),
    [url_flag, url_variable, key_flag, key_variable]: [&str; 4],
    data: &Path,
) -> Result<Place, Failure> {
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let known_url = known_url.as_deref().map(bare);
    let Some(asked) = url.map(bare).or_else(|| known_url.clone()) else {
        return Err(Failure::Unknown(format!(
            "no installation found: give {url_flag} or {url_variable}, or --data with the folder of a `uplion dev` ({} has no credentials.json)",
            data.display()
        )));
    };
    // The folder's key is shown to nobody but the installation that it is for.
    let known_key = known_key.filter(|_| known_url.as_ref() == Some(&asked));
    match key.map(ToOwned::to_owned).or(known_key) {
        Some(key) => Ok(Place { url: asked, key }),
        None => {
            Err(Failure::Unknown(format!("no key for {asked}: give {key_flag} or {key_variable}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["--url", "UPLION_URL", "--admin-key", "UPLION_ADMIN_KEY"];

    fn known() -> (Option<String>, Option<String>) {
        (Some("http://here".into()), Some("known".into()))
    }

    fn found(asked: (Option<&str>, Option<&str>)) -> Result<(String, String), String> {
        place(asked, known(), NAMES, Path::new("data"))
            .map(|place| (place.url, place.key))
            .map_err(|failure| failure.sentence().unwrap_or_default())
    }

    #[test]
    fn what_is_said_wins_over_what_lies_in_the_folder() {
        let both = |url: &str, key: &str| Ok((url.to_owned(), key.to_owned()));
        assert_eq!(found((None, None)), both("http://here", "known"));
        assert_eq!(found((None, Some("said"))), both("http://here", "said"));
        assert_eq!(found((Some("http://there/"), Some("said"))), both("http://there", "said"));
        assert_eq!(found((Some("http://here/"), None)), both("http://here", "known"));
    }

    #[test]
    fn the_folders_key_is_shown_to_no_other_installation() {
        let refused = found((Some("http://there"), None)).unwrap_err();
        assert!(refused.contains("--admin-key"), "{refused}");
    }

    #[test]
    fn without_any_hint_the_failure_names_all_three_ways() {
        let failure = place((None, None), (None, None), NAMES, Path::new("data")).unwrap_err();
        let sentence = failure.sentence().unwrap();
        for way in ["--url", "UPLION_URL", "--data"] {
            assert!(sentence.contains(way), "{sentence}");
        }
    }
}
