//! The flags of `uplion dev`.
//!
//! A NATS and a Postgres that the environment names are those of an installation that is in use: who only tries something
//! out does not mean them. They are used if a flag says so, and are named if they are not.

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
    /// Keep the log in motion on this NATS instead of in the process. No variable says so for `dev`.
    #[arg(long)]
    pub nats_url: Option<Secret>,
    /// Keep the log at rest in this Postgres instead of in the data folder. No variable says so for `dev`.
    #[arg(long)]
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

impl Dev {
    /// Sentences about variables that the other roles read, and this one does not.
    pub fn unused_variables(&self) -> Vec<String> {
        let unused = [
            ("UPLION_NATS_URL", "--nats-url", self.nats_url.is_some()),
            ("UPLION_DATABASE_URL", "--database-url", self.database_url.is_some()),
        ];
        let set = |variable: &str| std::env::var_os(variable).is_some_and(|text| !text.is_empty());
        unused
            .into_iter()
            .filter(|(variable, _, told)| !told && set(variable))
            .map(|(variable, flag, _)| {
                format!("{variable} is set and not used: `uplion dev` keeps its log in the data folder unless {flag} says otherwise")
            })
            .collect()
    }
}
