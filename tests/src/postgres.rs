//! Postgres 15 and 18. Each test takes a database of its own.

mod secured;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

pub use self::secured::Secured;
use crate::{
    installed,
    port::Port,
    process::{Launch, Process},
    scratch, wait,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V15,
    V18,
}

impl Version {
    /// Where `postgres` and `psql` of that version are.
    ///
    /// # Errors
    /// When `scripts/servers` cannot put them there.
    pub fn binaries(self) -> anyhow::Result<PathBuf> {
        installed::path(match self {
            Self::V15 => "POSTGRES_15_BIN",
            Self::V18 => "POSTGRES_18_BIN",
        })
    }
}

/// Durable as Postgres is by default.
#[derive(Debug)]
pub struct Server {
    process: Process,
    port: Port,
    data: PathBuf,
    databases: AtomicUsize,
}

/// What a server's disk held at a moment.
#[derive(Debug)]
pub struct Backup(PathBuf);

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// In the database itself, past everything of ours.
///
/// # Errors
/// When Postgres refuses.
pub async fn execute(url: &str, statements: &str) -> anyhow::Result<()> {
    Ok(connect(url).await?.batch_execute(statements).await?)
}

impl Server {
    /// # Errors
    /// When the server does not come up.
    pub async fn start(version: Version) -> anyhow::Result<Self> {
        let server = Self::launch(version, None)?;
        server.ready().await?;
        Ok(server)
    }

    /// One that takes nobody without TLS, but who makes its databases.
    ///
    /// # Errors
    /// When the server does not come up.
    pub async fn with_tls(version: Version, secured: &Secured<'_>) -> anyhow::Result<Self> {
        let server = Self::launch(version, Some(secured))?;
        server.ready().await?;
        Ok(server)
    }

    /// The one server of that version that this process's tests share.
    pub async fn shared(version: Version) -> &'static Self {
        static V15: OnceCell<Server> = OnceCell::const_new();
        static V18: OnceCell<Server> = OnceCell::const_new();
        let shared = match version {
            Version::V15 => &V15,
            Version::V18 => &V18,
        };
        shared.get_or_init(async || Self::start(version).await.expect("postgres")).await
    }

    fn launch(version: Version, secured: Option<&Secured<'_>>) -> anyhow::Result<Self> {
        let template = match version {
            Version::V15 => "POSTGRES_15_TEMPLATE",
            Version::V18 => "POSTGRES_18_TEMPLATE",
        };
        let folder = scratch::folder("postgres")?;
        // Its socket, and a lock file beside it.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
        let data = folder.join("data");
        copy(&installed::path(template)?, &data)?;
        if let Some(secured) = secured {
            secured.write(&data)?;
        }
        let port = Port::reserve()?;
        let process = Process::start(Launch {
            program: version.binaries()?.join("postgres"),
            arguments: arguments(&data, &folder, &port),
            environment: Vec::new(),
            user: installed::postgres_user()?.map(str::to_owned),
            output: folder.join("output"),
        })?;
        Ok(Self { process, port, data, databases: AtomicUsize::new(0) })
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let answers = async || self.connect().await.is_ok() || self.process.exited().is_some();
        let waited = wait::until(wait::PATIENCE, "postgres to take connections", answers).await;
        let lives = || self.process.exited().is_none().then_some(()).context("postgres ended");
        waited.and_then(|()| lives()).map_err(|error| self.process.with_output(&error))
    }

    async fn connect(&self) -> anyhow::Result<Client> {
        connect(&self.url_of("postgres")).await
    }

    /// A URL of a database that nobody had before.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn database(&self) -> anyhow::Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.connect().await?.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(self.url_of(&name))
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port.number())
    }

    /// SIGKILL to it and to all its backends, and waits until they are gone.
    pub fn kill(&self) {
        // Stopped first: it would restart the others when one backend is killed.
        self.process.stop();
        let backends = self.backends();
        self.process.kill();
        for backend in &backends {
            signal(*backend, Signal::KILL);
        }
        // A new server refuses to start while one of them holds the old one's memory.
        while backends.iter().any(|backend| lives(*backend)) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// SIGSTOP to it and to all its backends, which are sessions of their own.
    pub fn stop(&self) {
        self.process.stop();
        self.backends().into_iter().for_each(|backend| signal(backend, Signal::STOP));
    }

    /// SIGCONT.
    pub fn cont(&self) {
        self.backends().into_iter().for_each(|backend| signal(backend, Signal::CONT));
        self.process.cont();
    }

    /// Kills it if it lives, and starts it on the same port with the same data.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.kill();
        self.process.start_again()?;
        self.ready().await
    }

    /// Takes a copy of its data while it is shut down, and starts it again.
    ///
    /// # Errors
    /// When it does not shut down or come up.
    pub async fn backup(&self) -> anyhow::Result<Backup> {
        // SIGINT: a fast shutdown, which disconnects clients.
        self.process.end(Signal::INT, wait::PATIENCE).await?;
        let backup = scratch::folder("backup")?.join("data");
        copy(&self.data, &backup)?;
        self.process.start_again()?;
        self.ready().await?;
        Ok(Backup(backup))
    }

    /// Back to what it was at the backup; everything since is lost.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restore(&self, backup: &Backup) -> anyhow::Result<()> {
        self.kill();
        fs::remove_dir_all(&self.data)?;
        copy(&backup.0, &self.data)?;
        self.process.start_again()?;
        self.ready().await
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    fn backends(&self) -> Vec<u32> {
        self.process.pid().map(children).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn arguments(data: &Path, socket: &Path, port: &Port) -> Vec<OsString> {
    let settings = [
        format!("port={}", port.number()),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", socket.display()),
        "max_connections=300".to_owned(),
    ];
    let mut arguments: Vec<OsString> = vec!["-D".into(), data.into()];
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
    arguments
}

/// With owners and modes, about which Postgres is particular.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).args([from, to]).status()?;
    ensure!(copied.success(), "cp -a {} {}: {copied}", from.display(), to.display());
    Ok(())
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Fails only for one that has just ended.
        let _ = kill_process(pid, signal);
    }
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| state(*pid).is_some_and(|(_, its_parent)| its_parent == parent)).collect()
}

/// A zombie holds nothing any more; when its entry goes is up to the system's init.
fn lives(pid: u32) -> bool {
    state(pid).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent: the fields after the name, which is in brackets and may itself hold any character.
fn state(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
