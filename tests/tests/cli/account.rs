//! Somebody's account on a machine, from which they sign in: it knows no admin key and no data folder.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use uplion_tests::{
    scratch,
    uplion::{self, CommandOutput},
};

pub struct Account {
    home: PathBuf,
}

impl Account {
    pub fn new() -> Self {
        Self { home: scratch::folder("account").unwrap() }
    }

    pub async fn ask(&self, arguments: &[&str], environment: &[(&str, &str)]) -> CommandOutput {
        self.ask_told(arguments, environment, "").await
    }

    pub async fn ask_told(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
        input: &str,
    ) -> CommandOutput {
        let home = self.home.display().to_string();
        let nowhere = self.home.join("no-data").display().to_string();
        let own = [("HOME", home.as_str()), ("UPLION_DATA", nowhere.as_str())];
        uplion::run_with_input(arguments, &[&own, environment].concat(), input).await.unwrap()
    }

    pub async fn stdout(&self, arguments: &[&str]) -> String {
        let answer = self.ask(arguments, &[]).await;
        assert!(answer.status.success(), "{arguments:?}: {answer:?}");
        answer.stdout
    }

    /// The one sentence of a command that fails.
    pub async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let answer = self.ask(arguments, &[]).await;
        assert_eq!(answer.status.code(), Some(code), "{arguments:?}: {answer:?}");
        assert_eq!(answer.stderr.lines().count(), 1, "{answer:?}");
        answer.stderr
    }

    pub async fn sign_in(&self, url: &str, email: &str, password: &str) -> String {
        let environment = [("UPLION_EMAIL", email), ("UPLION_PASSWORD", password)];
        let answer = self.ask(&["login", "--url", url], &environment).await;
        assert!(answer.status.success(), "{answer:?}");
        answer.stdout + &answer.stderr
    }

    /// What lies where sign-ins are kept: each file's mode and text.
    pub fn kept(&self) -> Vec<(u32, String)> {
        let folder = self.home.join(".config/uplion/sign-ins");
        let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
        let file = |file: std::io::Result<fs::DirEntry>| {
            let path = file.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            (mode, fs::read_to_string(path).unwrap())
        };
        files.map(file).collect()
    }

    /// The token of the only sign-in.
    pub fn token(&self) -> String {
        let [(_, text)] = &self.kept()[..] else { panic!("not one sign-in") };
        let kept: serde_json::Value = serde_json::from_str(text).unwrap();
        kept["token"].as_str().unwrap().to_owned()
    }
}
