//! An installation for programs in other languages: starts it, says where it is in one line of JSON, and ends it when
//! its standard input ends.
//!
//! Beside it lie the `uplion` that it starts (or `UPLION_BIN`) and the `uplion-bench` that is its upstream.

use std::{io::Read, path::PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uplion_tests::{
    chat::Client,
    http,
    installation::{ADMIN_KEY, Installation, Plan},
    nats, postgres, process, scratch,
    uplion::{Role, Uplion},
    upstream::MockUpstream,
    wait,
};

#[derive(Parser)]
#[command(name = "uplion-installation", about)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The mock upstream alone.
    Upstream(Upstream),
    /// `uplion dev`.
    Dev(Served),
    /// Roles as processes of their own, on NATS and Postgres.
    Separate(Separate),
}

#[derive(Args)]
struct Upstream {
    /// How the mock upstream answers: JSON, such as `{"pace_ms":20}`.
    #[arg(long, default_value = "{}")]
    script: String,
}

#[derive(Args)]
struct Served {
    /// Before this server, up to `/v1`; without it, before a mock upstream.
    #[arg(long)]
    upstream: Option<String>,
    #[command(flatten)]
    mock: Upstream,
    /// The upstream's model that is served, under its own name.
    #[arg(long, default_value = "mock")]
    model: String,
    /// `NAME=VALUE` of every role; may be repeated.
    #[arg(long = "env", value_parser = variable)]
    environment: Vec<(String, String)>,
}

#[derive(Args)]
struct Separate {
    #[command(flatten)]
    served: Served,
    #[arg(long, default_value_t = 1)]
    gateways: usize,
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Nodes of NATS: 1, or 3 that write to disk before they acknowledge.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    replicas: u8,
    /// When a single node of NATS writes to disk.
    #[arg(long, value_enum, default_value_t = Sync::Default)]
    sync: Sync,
    #[arg(long, default_value_t = 300)]
    deadline_seconds: u64,
    /// At the upstream, from each worker.
    #[arg(long, default_value_t = 256)]
    max_in_flight: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sync {
    Default,
    Always,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    process::raise_open_files();
    match Arguments::parse().what {
        What::Upstream(mock) => {
            let upstream = MockUpstream::start(&mock.script).await?;
            let processes = json!({"mock": upstream.pid()});
            until_stdin_ends(&json!({"upstream": upstream.url(), "processes": processes})).await
        }
        What::Dev(served) => dev(served).await,
        What::Separate(separate) => self::separate(separate).await,
    }
}

/// The one line, and then nothing until nobody is left who could want more.
async fn until_stdin_ends(found: &Value) -> anyhow::Result<()> {
    println!("{found}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

impl Served {
    /// Its URL, and the process if it is ours.
    async fn upstream(&self) -> anyhow::Result<(String, Option<MockUpstream>)> {
        if let Some(url) = &self.upstream {
            return Ok((url.clone(), None));
        }
        let mock = MockUpstream::start(&self.mock.script).await?;
        Ok((mock.url(), Some(mock)))
    }
}

async fn dev(served: Served) -> anyhow::Result<()> {
    let (upstream, mock) = served.upstream().await?;
    let data = scratch::folder("dev")?.join("data");
    let set = |role: Role, (name, value): &(String, String)| role.env(name, value);
    let role = served.environment.iter().fold(Role::new("dev"), set);
    let dev = role.option("--data", &data).option("--upstream", &upstream).start().await?;
    let known = std::fs::read(data.join("credentials.json")).context("read the credentials")?;
    let known: Value = serde_json::from_slice(&known)?;
    let api_key = known["api_key"].as_str().context("dev has an API key")?;
    serves(&dev.url(), api_key, &served.model).await?;
    until_stdin_ends(&json!({
        "upstream": upstream,
        "control": dev.url(),
        "gateways": [dev.url()],
        "model": served.model,
        "api_key": api_key,
        "admin_key": known["admin_key"],
        "processes": {"mock": mock.as_ref().and_then(MockUpstream::pid), "uplion": dev.process().pid()},
    }))
    .await
}

async fn separate(separate: Separate) -> anyhow::Result<()> {
    let (upstream, mock) = separate.served.upstream().await?;
    let plan = Plan {
        gateways: separate.gateways,
        workers: separate.workers,
        replicas: separate.replicas,
        deadline: std::time::Duration::from_secs(separate.deadline_seconds),
        environment: separate.served.environment.clone(),
        own_servers: true,
        sync_interval: match separate.sync {
            Sync::Default => nats::SyncInterval::Default,
            Sync::Always => nats::SyncInterval::Always,
        },
        postgres: postgres::Version::V18,
        ..Plan::default()
    };
    let installation = Installation::start(plan).await?;
    let api_key = register(&installation, &separate, &upstream).await?;
    let gateways: Vec<String> = installation.gateways.iter().map(Uplion::url).collect();
    for gateway in &gateways {
        serves(gateway, &api_key, &separate.served.model).await?;
    }
    let mut processes = installation.pids();
    processes.extend(mock.as_ref().and_then(MockUpstream::pid).map(|pid| ("mock".to_owned(), pid)));
    until_stdin_ends(&json!({
        "upstream": upstream,
        "control": installation.control.url(),
        "gateways": gateways,
        "model": separate.served.model,
        "api_key": api_key,
        "admin_key": ADMIN_KEY,
        "database_url": installation.database_url,
        "monitoring": installation.broker.monitor_urls(),
        "psql": psql()?,
        "processes": processes,
    }))
    .await
}

/// A project `tests` with a key that may use the model, and a price; the key's secret.
async fn register(
    installation: &Installation,
    separate: &Separate,
    upstream: &str,
) -> anyhow::Result<String> {
    let (admin, model) = (installation.admin(), &separate.served.model);
    let project = admin.project("tests").await?;
    admin.model(model, &[upstream.to_owned()], separate.max_in_flight).await?;
    admin.price(model, "0.15", "0.60").await?;
    Ok(admin.key(&project).await?.1)
}

/// Waits until a gateway and a worker know all that it takes.
async fn serves(gateway: &str, api_key: &str, model: &str) -> anyhow::Result<()> {
    let client = Client::new(http::client(), gateway, api_key);
    let question = json!({
        "model": model, "max_tokens": 4, "messages": [{"role": "user", "content": "Hello!"}],
    });
    wait::until(wait::PATIENCE, "an answer", async || {
        client.ask(&question).await.is_ok_and(|answer| answer.is_whole())
    })
    .await
}

fn psql() -> anyhow::Result<PathBuf> {
    Ok(postgres::Version::V18.binaries()?.join("psql"))
}
