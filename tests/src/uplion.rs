//! The built `uplion` binary: its roles as processes, and its commands.

use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use anyhow::{Context, ensure};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;

use crate::{
    http,
    port::Port,
    process::{Launch, Process},
    scratch, wait,
};

/// Of every installation of the tests.
pub const LOG_KEY: &str = "ulk_7465737473000000000000000000000000000000000000000000000000000000";

/// How a role is to be started.
#[derive(Debug, Default)]
pub struct Role {
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Role {
    /// `gateway`, `worker`, `control`, `projector` or `dev`. Who signs the log does so with [`LOG_KEY`].
    pub fn new(name: &str) -> Self {
        let role = Self::default().arg(name);
        match name {
            "gateway" | "control" | "projector" => role.env("UPLION_LOG_KEY", LOG_KEY),
            _ => role,
        }
    }

    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A flag and its value.
    #[must_use]
    pub fn option(self, flag: &str, value: impl Into<OsString>) -> Self {
        self.arg(flag).arg(value)
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts it on a port of its own and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; names what it printed.
    pub async fn start(self) -> anyhow::Result<Uplion> {
        let uplion = self.launch()?;
        uplion.ready().await?;
        Ok(uplion)
    }

    /// Starts it and waits for nothing.
    ///
    /// # Errors
    /// When the binary is not there.
    pub fn launch(self) -> anyhow::Result<Uplion> {
        let port = Port::reserve()?;
        let role = self.option("--listen", format!("127.0.0.1:{}", port.number()));
        let process = Process::start(Launch {
            program: binary()?,
            arguments: role.arguments,
            environment: role.environment,
            user: None,
            output: scratch::folder("uplion")?.join("output"),
        })?;
        Ok(Uplion { process, port })
    }
}

/// A running role.
#[derive(Debug)]
pub struct Uplion {
    process: Process,
    port: Port,
}

impl Uplion {
    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// # Errors
    /// When it ends or does not answer 200 at `/ready` in time; names what it printed.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let ready = format!("{}/ready", self.url());
        let answered =
            async || http::probe(&ready).await.is_some() || self.process.exited().is_some();
        let waited = wait::until(wait::PATIENCE, "uplion to be ready", answered).await;
        let lives = || match self.process.exited() {
            None => Ok(()),
            Some(status) => Err(anyhow::anyhow!("uplion ended with {status}")),
        };
        waited.and_then(|()| lives()).map_err(|error| self.process.with_output(&error))
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// SIGSTOP.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// SIGCONT.
    pub fn cont(&self) {
        self.process.cont();
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(&self) -> anyhow::Result<ExitStatus> {
        self.process.end(Signal::TERM, wait::PATIENCE).await
    }

    /// Kills it if it lives, and starts it again on the same port.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.process.kill();
        self.process.start_again()?;
        self.ready().await
    }

    /// What it has printed, of all its lives.
    pub fn output(&self) -> String {
        self.process.output()
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// What a command answered.
#[derive(Debug)]
pub struct CommandOutput {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command of the binary to its end, with only the environment given beside `PATH`.
///
/// # Errors
/// When the binary is not there.
pub async fn run(
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<CommandOutput> {
    run_with_input(arguments, environment, "").await
}

/// The same, with something to read on standard input.
///
/// # Errors
/// When the binary is not there.
pub async fn run_with_input(
    arguments: &[&str],
    environment: &[(&str, &str)],
    input: &str,
) -> anyhow::Result<CommandOutput> {
    let mut child = command(arguments, environment)?.spawn()?;
    // A command that ends without reading what it is told is not our failure.
    drop(child.stdin.take().context("standard input is piped")?.write_all(input.as_bytes()).await);
    let output = child.wait_with_output().await?;
    let stdout = String::from_utf8(output.stdout)?;
    let stderr = String::from_utf8(output.stderr)?;
    Ok(CommandOutput { status: output.status, stdout, stderr })
}

/// Ready to be run as [`run`] does it: all three streams are piped.
///
/// # Errors
/// When the binary is not there.
pub fn command(
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<tokio::process::Command> {
    let mut command = tokio::process::Command::new(binary()?);
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command.env("PATH", env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// `UPLION_BIN`, or the one of this build: `target/<profile>/uplion`.
///
/// # Errors
/// When it has not been built.
pub fn binary() -> anyhow::Result<PathBuf> {
    let binary = if let Some(named) = env::var_os("UPLION_BIN") {
        std::path::absolute(named)?
    } else {
        built("uplion")?
    };
    ensure!(binary.exists(), "{} is not there: cargo build --package uplion", binary.display());
    Ok(binary)
}

/// Where this build puts a binary: beside this one, or a folder up from a test, `target/<profile>/deps/<name>-<hash>`.
pub(crate) fn built(name: &str) -> anyhow::Result<PathBuf> {
    let this = env::current_exe()?;
    let folder = this.parent().context("an executable lies in a folder")?;
    let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    Ok(profile.context("the test has no build folder")?.join(name))
}
