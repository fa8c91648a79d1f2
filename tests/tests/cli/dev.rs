//! A `uplion dev`, and commands that are run against it.

use std::path::Path;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    time::timeout,
};
use uplion_tests::{
    scratch,
    uplion::{self, CommandOutput, Role, Uplion},
    wait::{self, PATIENCE},
};

pub struct Dev {
    pub data: String,
    /// Of an account in which nobody is signed in yet.
    pub home: String,
    running: Uplion,
}

impl Dev {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(flags: &[&str]) -> Self {
        let dev = Self::launch(&scratch::folder("cli").unwrap(), flags);
        dev.running.ready().await.unwrap();
        dev
    }

    /// In a folder, and waits for nothing.
    pub fn launch(data: &Path, flags: &[&str]) -> Self {
        let data = data.display().to_string();
        let role = Role::new("dev").option("--data", &data);
        let role = flags.iter().fold(role, |role, flag| role.arg(*flag));
        let running = role.launch().unwrap();
        let home = scratch::folder("home").unwrap().display().to_string();
        Self { data, home, running }
    }

    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Whether it ended well.
    pub async fn stop(&self) -> bool {
        self.running.terminate().await.unwrap().success()
    }

    /// At the same address.
    pub async fn restart(&self) {
        self.stop().await;
        self.running.restart().await.unwrap();
    }

    /// What it says in its `start`th life once it can be used.
    pub async fn greeting(&self, start: usize) -> String {
        let greetings = || {
            let output = self.output();
            output.split("UPLION is running.").skip(1).map(ToOwned::to_owned).collect::<Vec<_>>()
        };
        let whole = async || greetings().get(start - 1).is_some_and(|one| one.contains("Ctrl-C"));
        wait::until(PATIENCE, "the greeting", whole).await.unwrap();
        greetings().swap_remove(start - 1)
    }

    pub async fn ask(&self, arguments: &[&str]) -> CommandOutput {
        uplion::run(arguments, &self.account()).await.unwrap()
    }

    fn account(&self) -> [(&str, &str); 2] {
        [("UPLION_DATA", &self.data), ("HOME", &self.home)]
    }

    /// What it has written down so far.
    pub fn output(&self) -> String {
        self.running.output()
    }

    pub async fn stdout_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let environment = [&self.account()[..], environment].concat();
        let answer = uplion::run(arguments, &environment).await.unwrap();
        assert!(answer.status.success(), "{arguments:?}: {answer:?}");
        answer.stdout
    }

    /// A user who can sign in.
    pub async fn registers(&self, email: &str, name: &str, password: &str, more: &[&str]) {
        let create = [&["user", "create", email, "--name", name, "--password"], more].concat();
        self.stdout_with(&create, &[("UPLION_NEW_PASSWORD", password)]).await;
    }

    /// The gateway serves a key, or not: it knows within moments.
    pub async fn becomes(&self, secret: &str, served: bool) {
        let answered = async || {
            let answer = self.ask(&["chat", "--api-key", secret, "Hello!"]).await;
            answer.status.success() == served
        };
        wait::until(PATIENCE, "the gateway to know of a change", answered).await.unwrap();
    }

    /// A command that does not end by itself.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        let mut child = uplion::command(arguments, &self.account()).unwrap().spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { lines, _child: child }
    }

    /// What a command that succeeds prints.
    pub async fn stdout(&self, arguments: &[&str]) -> String {
        let answer = self.ask(arguments).await;
        assert!(answer.status.success(), "{arguments:?}: {answer:?}");
        answer.stdout
    }

    /// What a command that succeeds prints, and what it says beside.
    pub async fn both(&self, arguments: &[&str]) -> (String, String) {
        let answer = self.ask(arguments).await;
        assert!(answer.status.success(), "{arguments:?}: {answer:?}");
        (answer.stdout, answer.stderr)
    }

    pub async fn json(&self, arguments: &[&str]) -> Value {
        let told = self.stdout(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&told).unwrap()
    }

    /// The one sentence of a command that fails.
    pub async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let answer = self.ask(arguments).await;
        assert_eq!(answer.status.code(), Some(code), "{arguments:?}: {answer:?}");
        assert_eq!(answer.stderr.lines().count(), 1, "{answer:?}");
        answer.stderr
    }
}

/// A command that prints as long as nobody stops it.
pub struct Running {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Running {
    /// The lines up to the one that is waited for.
    pub async fn until(mut self, last: impl Fn(&str) -> bool) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("waited in vain behind {seen:?}"));
            seen.push(line.unwrap().unwrap_or_else(|| panic!("ended behind {seen:?}")));
            if seen.last().is_some_and(|line| last(line)) {
                return seen;
            }
        }
    }
}
