//! Flags that several commands have alike, and the variables beside them.

mod log_key;
mod nats_access;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use uplion_control::Plan;
use uplion_domain::{
    installation::{Currency, ZoneName},
    model::MAX_DEADLINE_S,
};

pub use self::{log_key::LogKeyArgs, nats_access::NatsAccess};
use crate::{data_folder, logging, secret::Secret, sizes};

/// How the process itself runs.
#[derive(Debug, Clone, Args)]
pub struct Process {
    /// TOML file whose keys are these flags' names, with a table for each role.
    #[arg(long, env = "UPLION_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Threads that serve; by default half the processors, at least one.
    #[arg(long, env = "UPLION_THREADS", value_name = "N")]
    threads: Option<usize>,
    /// How log lines are written to standard error.
    #[arg(long, env = "UPLION_LOG_FORMAT", default_value = "auto")]
    pub log_format: logging::Format,
}

/// Where the log is in motion.
#[derive(Debug, Clone, Args)]
pub struct Broker {
    /// nats-server 2.15 or later with JetStream, tls:// where TLS is required; several servers of one cluster with commas
    /// between, tried in turn.
    #[arg(
        long,
        env = "UPLION_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        hide_env_values = true
    )]
    pub nats_url: Secret,
    #[command(flatten)]
    pub streams: StreamSettings,
}

/// How the log in motion is laid out, and how it is reached.
#[derive(Debug, Clone, Args)]
pub struct StreamSettings {
    #[command(flatten)]
    pub access: NatsAccess,
    /// Copies of each stream: 1, or 3 on a cluster.
    #[arg(long, env = "UPLION_NATS_REPLICAS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub nats_replicas: u8,
    /// A request that is not answered by then ends with 504, unless its model has a deadline of its own.
    #[arg(long, env = "UPLION_DEADLINE_SECONDS", default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=u64::from(MAX_DEADLINE_S)))]
    deadline_seconds: u64,
    /// How much the stream of requests may hold.
    #[arg(long, env = "UPLION_TRAFFIC_MAX_BYTES", default_value = "8GiB", value_name = "SIZE", value_parser = sizes::bytes)]
    pub traffic_max_bytes: u64,
    /// How much the stream of changes may hold. It is kept whole, for ever: a change takes about half a kilobyte, so
    /// there is room for two million.
    #[arg(long, env = "UPLION_CONTROL_MAX_BYTES", default_value = "1GiB", value_name = "SIZE", value_parser = sizes::bytes)]
    pub control_max_bytes: u64,
    /// How much the stream of workers' reports may hold. They are few, and purged a day after they were archived.
    #[arg(long, env = "UPLION_WORKERS_MAX_BYTES", default_value = "64MiB", value_name = "SIZE", value_parser = sizes::bytes)]
    pub workers_max_bytes: u64,
}

/// Where the log is at rest.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Postgres 15 or later.
    #[arg(
        long,
        env = "UPLION_DATABASE_URL",
        default_value = "postgres://127.0.0.1:5432/uplion",
        hide_env_values = true
    )]
    pub database_url: Secret,
}

/// What an installation is founded with when its control starts for the first time.
#[derive(Debug, Clone, Args)]
pub struct Founding {
    /// What every amount of the installation is in, as ISO 4217 has it; USD if the first start does not say. Later starts
    /// need not say it, and none can change it.
    #[arg(long, env = "UPLION_CURRENCY", value_name = "CODE")]
    currency: Option<Currency>,
    /// In which hours of usage begin, like Europe/Berlin; UTC if the first start does not say. It never changes either.
    #[arg(long, env = "UPLION_TIME_ZONE", value_name = "NAME")]
    time_zone: Option<ZoneName>,
}

#[derive(Debug, Clone, Args)]
pub struct Projection {
    #[command(subcommand)]
    pub act: ProjectionAct,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProjectionAct {
    /// Fills the projection anew from the archive while the live one serves, and swaps them.
    Rebuild(ProjectionOf),
    /// Compares the live projection with one built anew, in one snapshot. Exits with 1 if they differ.
    Verify(ProjectionOf),
}

#[derive(Debug, Clone, Args)]
pub struct ProjectionOf {
    /// All of them without a name.
    pub name: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

/// The store that a command of maintenance works on.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Postgres, for an installation of separate processes.
    #[arg(long, env = "UPLION_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// The data folder of a `uplion dev` that is stopped.
    #[arg(long, env = "UPLION_DATA", default_value = data_folder::DEFAULT, value_name = "DIR")]
    pub data: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct Maintenance {
    /// The data folder of a `uplion dev` that is stopped, instead of NATS and Postgres, whatever names those.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub log_key: LogKeyArgs,
    #[command(flatten)]
    pub database: Database,
}

impl Process {
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |count| count.get() / 2);
        self.threads.unwrap_or_else(half).max(1)
    }
}

impl Founding {
    pub fn plan(&self) -> Plan {
        Plan { currency: self.currency, time_zone: self.time_zone.clone() }
    }
}

impl StreamSettings {
    /// Of models that have none of their own.
    pub const fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }
}
