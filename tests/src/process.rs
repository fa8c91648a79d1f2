//! One child process that can be killed, stopped, continued and started again, and that dies with the test process.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::wait;

/// Beyond what any test here holds open.
const OPEN_FILES: u64 = 32_768;

/// What to run, and as whom.
#[derive(Debug, Default)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
    pub user: Option<String>,
    /// Gets what the process prints, of all its lives.
    pub output: PathBuf,
}

#[derive(Debug)]
pub struct Process {
    launch: Launch,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// # Errors
    /// When the program cannot be started.
    pub fn start(launch: Launch) -> anyhow::Result<Self> {
        let process = Self { launch, child: Mutex::new(None) };
        process.start_again()?;
        Ok(process)
    }

    /// # Errors
    /// When the program cannot be started, or still runs.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let mut child = self.child();
        if let Some(running) = child.as_mut()
            && running.try_wait()?.is_none()
        {
            bail!("{} still runs", self.launch.program.display());
        }
        let started = spawn(self.launch.command()?);
        *child = Some(started.with_context(|| format!("start {}", self.launch.program.display()))?);
        Ok(())
    }

    /// SIGKILL, and waits for the end. Nothing happens if it has ended.
    pub fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            // Fails only if it has ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// SIGSTOP: it still holds its sockets, and does nothing.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn cont(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGTERM (or another signal that ends it), and waits for the end.
    ///
    /// # Errors
    /// When it lives on after `patience`.
    pub async fn end(&self, signal: Signal, patience: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(signal);
        let what = format!("the end of {}", self.launch.program.display());
        wait::until_some(patience, &what, async || self.exited()).await
    }

    /// How it ended, if it did. Also `None` after `kill`.
    pub fn exited(&self) -> Option<ExitStatus> {
        self.child().as_mut()?.try_wait().ok()?
    }

    pub fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    fn signal(&self, signal: Signal) {
        let mut child = self.child();
        // Once waited for, its pid may be somebody else's.
        if let Some(running) = child.as_mut()
            && running.try_wait().is_ok_and(|ended| ended.is_none())
        {
            kill_process(Pid::from_child(running), signal).expect("our own child may be signalled");
        }
    }

    /// What it has printed so far.
    pub fn output(&self) -> String {
        std::fs::read(&self.launch.output)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// An error that says why it never came up.
    pub(crate) fn with_output(&self, error: &anyhow::Error) -> anyhow::Error {
        let output = self.output();
        let last: Vec<&str> = output.lines().rev().take(20).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        anyhow::anyhow!(
            "{error:#}; {} printed:\n{}",
            self.launch.program.display(),
            last.join("\n")
        )
    }

    pub fn program(&self) -> &Path {
        &self.launch.program
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Launch {
    /// Through setpriv, which changes the user and asks the kernel for SIGKILL when we die, then becomes the program.
    fn command(&self) -> anyhow::Result<Command> {
        let output = File::options().create(true).append(true).open(&self.output)?;
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL");
        if let Some(user) = &self.user {
            let group = primary_group(user)?;
            command.args([format!("--reuid={user}"), format!("--regid={group}")]);
            command.arg("--clear-groups");
        }
        command.arg("--").arg(&self.program).args(&self.arguments);
        // Settings of whoever runs the tests must not reach what is tested.
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir("/").stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        // Ctrl-C is for the tests; what they started then dies by the death signal.
        command.process_group(0);
        Ok(command)
    }
}

pub(crate) fn primary_group(user: &str) -> anyhow::Result<String> {
    let printed = Command::new("id").args(["-g", user]).output().context("run id")?;
    Ok(String::from_utf8(printed.stdout)?.trim().to_owned())
}

/// The kernel ties the death signal to the *thread* that started the child, and a test's thread ends with its test:
/// all children are started by one thread that lives as long as the process.
fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static PARENT: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in taken {
                // Whoever ordered waits for the reply.
                drop(reply.send(command.spawn()));
            }
        });
        orders
    });
    let (reply, child) = mpsc::channel();
    PARENT.send((command, reply)).expect("the parent thread never ends");
    child.recv().expect("the parent thread never ends")
}

/// Of this process and of those that it will start.
pub fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = Some(maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES)));
    // Without it tests with many connections say that they ran out.
    let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch;

    fn sh(script: &str) -> Process {
        let output = scratch::folder("process").unwrap().join("output");
        let arguments = vec!["-c".into(), script.into()];
        let launch = Launch { program: "/bin/sh".into(), arguments, output, ..Launch::default() };
        Process::start(launch).unwrap()
    }

    #[tokio::test]
    async fn a_killed_process_starts_again_and_adds_to_its_output() {
        let process = sh("echo here; exec sleep 60");
        let printed =
            async |times| process.output().lines().filter(|line| *line == "here").count() == times;
        wait::until(wait::PATIENCE, "the first line", || printed(1)).await.unwrap();
        assert!(process.start_again().is_err(), "it still runs");
        process.kill();
        process.start_again().unwrap();
        wait::until(wait::PATIENCE, "the second line", || printed(2)).await.unwrap();
    }

    #[tokio::test]
    async fn a_stopped_process_does_not_end_before_it_is_continued() {
        let process = sh("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
        wait::until(wait::PATIENCE, "the trap", async || process.output() == "ready\n")
            .await
            .unwrap();
        process.stop();
        assert!(process.end(Signal::TERM, Duration::from_millis(100)).await.is_err());
        process.cont();
        let status = process.end(Signal::TERM, wait::PATIENCE).await.unwrap();
        assert_eq!(status.code(), Some(7));
    }
}
