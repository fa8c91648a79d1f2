//! Where `dev` keeps its log: in the data folder, on NATS and Postgres, or one of each.

use std::{os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use tokio_util::sync::CancellationToken;
use uplion_http::Startup;
use uplion_log_store::Store;
use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    log_key::{self, LogKeys},
};

use super::flags::Dev;
use crate::{
    connection,
    flags::{Broker, Database, LogKeyArgs},
    private_file,
};

pub fn make(data: &Path) -> Result<()> {
    if data.exists() && !data.is_dir() {
        bail!("{} is a file: name a folder with --data", data.display());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("the data folder {} cannot be made", data.display()))
}

/// Made at the first start on a NATS, for all later ones.
fn log_key(data: &Path) -> Result<LogKeys> {
    let file = data.join("log.key");
    if !file.exists() {
        private_file::write(&file, log_key::spell(rand::random()).as_bytes())
            .with_context(|| format!("the key of the log in {}", file.display()))?;
    }
    LogKeyArgs::in_file(file).keys()?.context("a key of the log was made")
}

/// `None` if the process is to stop before what was named is there.
pub async fn open(
    flags: &Dev,
    startup: &Startup,
    stop: &CancellationToken,
) -> Result<Option<(Log, Store)>> {
    let (store, streams) = uplion_log_store::sqlite::open(&flags.data)?;
    let log = match &flags.nats_url {
        Some(url) => {
            let broker = Broker { nats_url: url.clone(), streams: flags.streams.clone() };
            let keys = Some(log_key(&flags.data)?);
            connection::nats(&broker, keys, "dev", startup, stop).await?
        }
        None => Some(Log {
            streams,
            tasks: Arc::new(InProcessTasks::default()),
            messages: Arc::new(InProcessMessages::default()),
            keys: None,
        }),
    };
    let store = match flags.database_url.clone() {
        Some(database_url) => {
            connection::postgres(&Database { database_url }, startup, stop).await?
        }
        None => Some(store),
    };
    Ok(log.zip(store))
}
