//! The command line of `uplion`, and the variables beside it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use uplion_domain::ModelName;
use uplion_worker::Secrets;

use crate::{cli, data_folder, logging, secret::Secret};

/// UPLION: one OpenAI-compatible API in front of your models, with keys and bills that are right.
#[derive(Debug, Parser)]
#[command(name = "uplion", version, propagate_version = true, arg_required_else_help = true, after_help = cli::EXIT_CODES)]
pub struct Uplion {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// A whole installation in one process, to try it and to develop against it.
    Dev(Dev),
    /// Serves clients: POST /v1/chat/completions, GET /v1/models.
    Gateway(Gateway),
    /// Takes requests from the queue and has upstreams answer them.
    Worker(Worker),
    /// The API for administrators, and the relay of their changes to the log.
    Control(Control),
    /// Archives the log and keeps bills and dashboards up to it.
    Projector(Projector),
    /// Rebuilds a projection from the archive, or verifies that the live one equals a rebuilt one.
    Projection(Projection),
    /// The log itself: its newest events, and going on after a loss.
    #[command(subcommand)]
    Log(Log),
    #[command(flatten)]
    Client(cli::Command),
}

#[derive(Debug, Subcommand)]
pub enum Log {
    /// Shows events as they come.
    Tail(cli::Tail),
    /// Goes on archiving with a stream that was made anew. What the old one held beyond the archive is lost.
    Epoch(Maintenance),
    /// Takes back into Postgres what CONTROL holds and Postgres does not, after Postgres went back in time.
    Restore(Maintenance),
}

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
    /// nats-server 2.15 or later with JetStream; several servers of one cluster with commas between.
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
    /// A `.creds` file with a user's JWT and key.
    #[arg(long, env = "UPLION_NATS_CREDENTIALS", value_name = "FILE")]
    pub nats_credentials: Option<PathBuf>,
    /// Certificates (PEM) that the servers' own must lead to; by default the system's.
    #[arg(long, env = "UPLION_NATS_ROOT_CERTIFICATES", value_name = "FILE")]
    pub nats_root_certificates: Option<PathBuf>,
    /// Copies of each stream: 1, or 3 on a cluster.
    #[arg(long, env = "UPLION_NATS_REPLICAS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub nats_replicas: u8,
    /// A request that is not answered by then ends with 504. The same for all roles: the log recognises a second
    /// end of a request for a minute longer.
    #[arg(long, env = "UPLION_DEADLINE_SECONDS", default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline_seconds: u64,
    /// Bytes that the stream of requests may hold.
    #[arg(long, env = "UPLION_TRAFFIC_MAX_BYTES", default_value_t = 8 << 30, value_name = "BYTES")]
    pub traffic_max_bytes: u64,
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
    pub limits: GatewayLimits,
    #[command(flatten)]
    pub process: Process,
}

#[derive(Debug, Clone, Args)]
pub struct Gateway {
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8484")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub limits: GatewayLimits,
    #[command(flatten)]
    pub process: Process,
}

#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_field_names,
    reason = "a field is named as its flag, and each flag says max"
)]
pub struct GatewayLimits {
    /// Bytes of one request's body; a larger one is answered with 413.
    #[arg(long, env = "UPLION_MAX_BODY_BYTES", default_value_t = 32 << 20, value_name = "BYTES")]
    pub max_body_bytes: u64,
    /// Bytes of all bodies and answers held at once; beyond it requests are answered with 503.
    #[arg(long, env = "UPLION_MAX_BUFFERED_BYTES", default_value_t = 1 << 30, value_name = "BYTES")]
    pub max_buffered_bytes: u64,
    /// Bytes of one answer that is not streamed.
    #[arg(long, env = "UPLION_MAX_ANSWER_BYTES", default_value_t = 16 << 20, value_name = "BYTES")]
    pub max_answer_bytes: u64,
    /// Requests of one model that may wait for a worker; one more is answered with 429.
    #[arg(long, env = "UPLION_MAX_QUEUE_PER_MODEL", default_value_t = 10_000, value_name = "N")]
    pub max_queue_per_model: u64,
    /// Connections of clients at once.
    #[arg(long, env = "UPLION_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "N")]
    pub max_connections: usize,
}

#[derive(Debug, Clone, Args)]
pub struct Worker {
    /// Where /health, /ready and /metrics are.
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8486")]
    pub listen: SocketAddr,
    /// Serves this model alone. Without it, every model that is registered with upstreams.
    #[arg(long, env = "UPLION_MODEL")]
    pub model: Option<ModelName>,
    /// Has this server answer for --model, up to /v1; the model needs no registered upstream then.
    #[arg(long, env = "UPLION_UPSTREAM", requires = "model", value_name = "URL")]
    pub upstream: Option<String>,
    /// What the upstream calls the model; by default the same.
    #[arg(long, env = "UPLION_UPSTREAM_MODEL", requires = "upstream", value_name = "NAME")]
    pub upstream_model: Option<ModelName>,
    /// Name of the variable that holds what the upstream wants as its bearer token.
    #[arg(long, env = "UPLION_API_KEY_ENV", requires = "upstream", value_name = "VAR")]
    pub api_key_env: Option<String>,
    /// Requests at the upstream at once.
    #[arg(
        long,
        env = "UPLION_MAX_IN_FLIGHT",
        requires = "upstream",
        default_value_t = 16,
        value_name = "N"
    )]
    pub max_in_flight: u32,
    /// Where Secrets that registered upstreams name are mounted: FOLDER/<name>/<key>.
    #[arg(long, env = "UPLION_SECRETS", default_value = Secrets::FOLDER, value_name = "FOLDER")]
    pub secrets: PathBuf,
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub process: Process,
}

#[derive(Debug, Clone, Args)]
pub struct Control {
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8485")]
    pub listen: SocketAddr,
    /// What the first administrator shows as bearer token: at least 16 characters. Better given as a variable.
    #[arg(long, env = "UPLION_ADMIN_KEY", hide_env_values = true)]
    pub admin_key: Secret,
    /// Proxies of yours in front, of which each adds to X-Forwarded-For whom it had a call from. With too few, all who
    /// try to sign in share one address and wait for each other; with too many, they choose their own.
    #[arg(long, env = "UPLION_PROXIES", default_value_t = 0, value_name = "N")]
    pub proxies: usize,
    /// Other origins whose pages may call this API from a browser, with commas between: `https://console.example.org`
    #[arg(long, env = "UPLION_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub allowed_origins: Vec<String>,
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub process: Process,
}

#[derive(Debug, Clone, Args)]
pub struct Projector {
    /// Where /health, /ready and /metrics are.
    #[arg(long, env = "UPLION_LISTEN", default_value = "127.0.0.1:8487")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub process: Process,
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
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub database: Database,
}

impl Process {
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |count| count.get() / 2);
        self.threads.unwrap_or_else(half).max(1)
    }
}

impl StreamSettings {
    pub const fn longest_deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }
}
