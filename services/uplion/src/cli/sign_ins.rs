//! Where somebody is signed in from this account: one file for each installation, in the account's configuration folder.
//!
//! A token is shown to the installation that gave it, and to no other.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::{private_file, secret::Secret};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub url: String,
    pub token: Secret,
}

/// As it lies in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    url: String,
    token: String,
}

#[derive(Debug, Clone)]
pub struct SignIns {
    /// None if the account has no home.
    folder: Option<PathBuf>,
}

impl SignIns {
    pub fn of_this_account() -> Self {
        let absolute =
            |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let configuration =
            absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
        Self { folder: configuration.map(|folder| folder.join("uplion/sign-ins")) }
    }

    pub fn all(&self) -> Result<Vec<SignIn>, Failure> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let files = match fs::read_dir(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(folder, error)),
        };
        let mut all = Vec::new();
        for file in files {
            let path = file.map_err(|error| unreadable(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                all.extend(read(&path)?);
            }
        }
        all.sort_by(|one, other| one.url.cmp(&other.url));
        Ok(all)
    }

    pub fn keep(&self, sign_in: &SignIn) -> Result<(), Failure> {
        let Some(folder) = &self.folder else {
            return Err(Failure::Local(
                "there is no place for what signs you in: set HOME or XDG_CONFIG_HOME".into(),
            ));
        };
        let path = folder.join(file_name(&sign_in.url));
        let SignIn { url, token } = sign_in;
        let kept = Kept { url: url.clone(), token: token.expose().to_owned() };
        let text = serde_json::to_vec_pretty(&kept).expect("two texts are always JSON");
        private_file::folder(folder).and_then(|()| private_file::write(&path, &text)).map_err(
            |error| Failure::caused(format!("{} cannot be written", path.display()), error),
        )
    }

    pub fn forget(&self, url: &str) -> Result<(), Failure> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.join(file_name(url));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::caused(format!("{} cannot be removed", path.display()), error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// None if another command removed it in this moment.
fn read(path: &Path) -> Result<Option<SignIn>, Failure> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    let Kept { url, token } = serde_json::from_slice(&text).map_err(|error| {
        let what = format!("{} is not what `uplion login` wrote, remove it", path.display());
        Failure::caused(what, error)
    })?;
    Ok(Some(SignIn { url, token: Secret::new(token) }))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::caused(format!("{} cannot be read", path.display()), error)
}

/// Another for each URL, and readable for people.
fn file_name(url: &str) -> String {
    use std::fmt::Write as _;
    let mut name = String::new();
    for byte in url.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => name.push(char::from(byte)),
            _ => write!(name, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    name + ".json"
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn sign_in(url: &str, token: &str) -> SignIn {
        SignIn { url: url.to_owned(), token: Secret::new(token) }
    }

    fn scratch() -> (tempfile::TempDir, SignIns) {
        let home = tempfile::tempdir().unwrap();
        let sign_ins = SignIns { folder: Some(home.path().join("uplion/sign-ins")) };
        (home, sign_ins)
    }

    #[test]
    fn each_installation_has_its_own_and_a_new_one_takes_the_place_of_the_old() {
        let (_home, sign_ins) = scratch();
        assert_eq!(sign_ins.all().unwrap(), []);
        let (a, b) = (sign_in("http://a:1", "first"), sign_in("http://b/u", "other"));
        let again = sign_in("http://a:1", "second");
        for one in [&a, &b, &again] {
            sign_ins.keep(one).unwrap();
        }
        assert_eq!(sign_ins.all().unwrap(), [again, b.clone()]);
        sign_ins.forget("http://a:1").unwrap();
        sign_ins.forget("http://a:1").unwrap();
        assert_eq!(sign_ins.all().unwrap(), [b]);
    }

    #[test]
    fn a_sign_in_is_for_its_owner_alone() {
        let (home, sign_ins) = scratch();
        sign_ins.keep(&sign_in("http://a", "token")).unwrap();
        let folder = home.path().join("uplion/sign-ins");
        let file = folder.join(file_name("http://a"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn two_urls_never_share_a_file() {
        let names = ["http://a/b", "http://a:b", "http://a%2Fb", "http://a.b"].map(file_name);
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
