//! `uplion dev`: a whole installation in one process, ready to answer at the first start.
//!
//! The same gateway, worker, control and projector as anywhere else; only the log lies in a folder, unless a NATS
//! and a Postgres are named.

mod administrator;
mod credentials;
mod discover;
mod first_start;
mod flags;
mod greeting;
mod healing;
mod installation;
mod storage;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uplion_http::{ServeOptions, Startup, serve};
use uplion_log_store::Store;
use uplion_log_transport::Log;

pub use self::flags::Dev;

use self::{credentials::Credentials, installation::Installation};
use crate::{
    cli::note,
    connection,
    flags::Process,
    roles::{self, Role},
};

impl Role for Dev {
    const NAME: &'static str = "dev";

    fn process(&self) -> &Process {
        &self.process
    }

    async fn run(self, stop: CancellationToken) -> Result<()> {
        let listener = roles::bind(self.listen)?;
        let address = listener.local_addr()?;
        storage::make(&self.data)?;
        for unused in self.unused_variables() {
            note(&unused);
        }
        let startup = Startup::new();
        let options = ServeOptions::default();
        let serving = tokio::spawn(serve(listener, startup.clone(), options, stop.clone()));
        if let Some((log, store)) = storage::open(&self, &startup, &stop).await? {
            let credentials = credentials::of(&self.data, address)?;
            self.serve_from(log, store, credentials, &startup, &stop).await?;
        }
        serving.await.context("the server ended abnormally")?.context("connections cannot be taken")
    }
}

impl Dev {
    /// Until it is told to stop, or cannot prepare what a first request needs.
    async fn serve_from(
        &self,
        log: Log,
        store: Store,
        mut credentials: Credentials,
        startup: &Startup,
        stop: &CancellationToken,
    ) -> Result<()> {
        let specs = connection::stream_specs(&self.streams);
        connection::ensure_streams(log.streams.as_ref(), &specs).await?;
        if self.nats_url.is_none() && self.database_url.is_none() {
            healing::heal(&log, &store).await?;
        }
        let mut registry = Registry::default();
        let installation = Installation::start(self, &credentials, log, store, &mut registry)?;
        installation.control.found().await?;
        let demo = TcpListener::bind("127.0.0.1:0")
            .await
            .context("no port for the demonstration model")?;
        let demo_url = format!("http://{}/v1", demo.local_addr()?);
        let mut jobs = installation.jobs(demo, stop);
        // Ready means that the credentials can be used; control answers before.
        let prepared = Arc::new(AtomicBool::new(false));
        startup.started(installation.routes(registry, Arc::clone(&prepared)));

        let prepare = self.prepare(&mut credentials, demo_url, &prepared);
        let ended = stop.run_until_cancelled(prepare).await.unwrap_or(Ok(()));
        if ended.is_err() {
            stop.cancel();
        }
        stop.cancelled().await;
        installation.gateway.drain(roles::DRAIN).await;
        while jobs.join_next().await.is_some() {}
        installation.control.stop().await;
        ended
    }

    async fn prepare(
        &self,
        credentials: &mut Credentials,
        demo_url: String,
        prepared: &AtomicBool,
    ) -> Result<()> {
        let start = first_start::prepare(self, credentials, demo_url).await?;
        prepared.store(true, Ordering::Relaxed);
        greeting::print(credentials, &start, &self.data);
        greeting::hint(&self.upstream).await;
        Ok(())
    }
}
