//! The flags of `uplion dev`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::{
    data_folder,
    flags::{Founding, Process, StreamSettings},
    roles::gateway::{GatewayLimits, Pages},
    secret::Secret,
};

/// A whole installation in one process, to try it and to develop against it.
#[derive(Debug, Clone, Args)]
pub struct Dev {
    /// Where everything is served.
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8484")]
    pub listen: SocketAddr,
    /// Where everything is kept: the log, the bills, and credentials.json.
    #[arg(long, env = "UPLION_DATA", default_value = data_folder::DEFAULT, value_name = "DIR")]
    pub data: PathBuf,
    /// An OpenAI-compatible server, up to /v1: adds every model that it lists. May be repeated.
    #[arg(long, value_name = "URL")]
    pub upstream: Vec<String>,
    /// Requests at each such server at once.
    #[arg(long, env = "UPLION_MAX_IN_FLIGHT", default_value_t = 16, value_name = "N")]
    pub max_in_flight: u32,
    /// Keep the log in motion on this NATS instead of in the process.
    #[arg(long, env = "UPLION_NATS_URL", hide_env_values = true)]
    pub nats_url: Option<Secret>,
    /// Keep the log at rest in this Postgres instead of in the data folder.
    #[arg(long, env = "UPLION_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    #[command(flatten)]
    pub streams: StreamSettings,
    #[command(flatten)]
    pub founding: Founding,
    #[command(flatten)]
    pub limits: GatewayLimits,
    #[command(flatten)]
    pub pages: Pages,
    #[command(flatten)]
    pub process: Process,
}
