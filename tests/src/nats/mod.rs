//! nats-server with JetStream: one node, or a cluster of three. Each test takes an account of its own, so that its
//! streams are its own.

mod cluster;
mod config;
mod operator;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::Context;
use tokio::sync::OnceCell;

pub use self::{cluster::Cluster, config::SyncInterval, operator::Operator};
use crate::{
    http, installed,
    port::Port,
    process::{Launch, Process},
    scratch, wait,
};

/// One nats-server; alone, or a node of a cluster.
#[derive(Debug)]
pub struct Server {
    process: Process,
    client: Port,
    monitor: Port,
    folder: PathBuf,
    accounts: Accounts,
}

impl Server {
    /// # Errors
    /// When the server does not come up.
    pub async fn start(sync_interval: SyncInterval) -> anyhow::Result<Self> {
        let server = Self::launch("n1", sync_interval, None, None)?;
        server.ready().await?;
        Ok(server)
    }

    /// One that lets in whom these lines of its configuration say, by TLS or not.
    ///
    /// # Errors
    /// When the server does not come up.
    pub async fn with_access(access: &str) -> anyhow::Result<Self> {
        let server = Self::launch("n1", SyncInterval::Default, None, Some(access))?;
        server.ready().await?;
        Ok(server)
    }

    /// The one server that this process's tests share. It syncs as `SyncInterval::Default`.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED
            .get_or_init(async || Self::start(SyncInterval::Default).await.expect("nats-server"))
            .await
    }

    fn launch(
        name: &str,
        sync_interval: SyncInterval,
        routes: Option<&config::Routes>,
        access: Option<&str>,
    ) -> anyhow::Result<Self> {
        let folder = scratch::folder("nats")?;
        let (client, monitor) = (Port::reserve()?, Port::reserve()?);
        let written = config::Config {
            name,
            client: client.number(),
            monitor: monitor.number(),
            store: &folder.join("store"),
            sync_interval,
            routes,
            access,
        };
        let config = folder.join("nats.conf");
        std::fs::write(&config, written.to_string())?;
        let process = Process::start(Launch {
            program: installed::path("NATS_SERVER")?,
            arguments: vec!["--config".into(), config.into()],
            output: folder.join("output"),
            ..Launch::default()
        })?;
        Ok(Self { process, client, monitor, folder, accounts: Accounts::default() })
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let health = format!("{}/healthz", self.monitor_url());
        let healthy =
            async || http::probe(&health).await.is_some() || self.process.exited().is_some();
        let waited = wait::until(wait::PATIENCE, "nats-server to be healthy", healthy).await;
        let lives = || self.process.exited().is_none().then_some(()).context("nats-server ended");
        waited.and_then(|()| lives()).map_err(|error| self.process.with_output(&error))
    }

    /// With the credentials of account 0. async-nats ignores the credentials of a URL: pass them on.
    pub fn url(&self) -> String {
        self.url_of(0)
    }

    /// A URL with the credentials of an account that nobody had before.
    pub fn account(&self) -> String {
        self.url_of(self.accounts.take())
    }

    /// The URL at which this node serves an account.
    pub fn url_of(&self, account: usize) -> String {
        format!("nats://a{account}:a{account}@127.0.0.1:{}", self.client.number())
    }

    /// `127.0.0.1:<port>`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.client.number())
    }

    /// Of the monitoring endpoints: `/jsz`, `/varz`, `/connz`.
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.monitor.number())
    }

    /// Where its streams are kept.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store")
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

    /// Kills it if it lives, and starts it on the same ports with the same files.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.process.kill();
        self.process.start_again()?;
        self.ready().await
    }

    /// The same with nothing left of its streams.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart_empty(&self) -> anyhow::Result<()> {
        self.process.kill();
        std::fs::remove_dir_all(self.folder.join("store"))?;
        self.process.start_again()?;
        self.ready().await
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// Hands out the accounts that the configuration declares, except account 0.
#[derive(Debug, Default)]
struct Accounts(AtomicUsize);

impl Accounts {
    fn take(&self) -> usize {
        let account = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(account < config::ACCOUNTS, "more than {} tests share a server", config::ACCOUNTS);
        account
    }
}
