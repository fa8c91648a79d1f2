//! What is asked without control: the broker and the database, where their URLs are given. Nothing is changed there.

use std::time::Duration;

use clap::Args;
use tokio::time::timeout;
use uplion_log_store::postgres::{self, DatabaseState};
use uplion_log_transport::{
    Log,
    clock::offset,
    nats::{self, Nats},
    stream::{ReadError, StreamName},
};

use super::{
    finding::Finding,
    log::{Storage, Stream, advice_for_database, skew},
};
use crate::{clock, flags::NatsAccess, secret::Secret, sizes::human};

const PATIENCE: Duration = Duration::from_secs(5);
const OLDEST_BROKER: (u32, u32) = (2, 15);

/// Where the roles find what they depend on.
#[derive(Debug, Clone, Args)]
pub struct DirectArgs {
    /// The broker, to ask it also where control cannot.
    #[arg(long, env = "UPLION_NATS_URL", hide_env_values = true)]
    nats_url: Option<Secret>,
    #[command(flatten)]
    nats_access: NatsAccess,
    /// The broker's monitoring port, like `http://127.0.0.1:8222`: it alone says that a disk was full.
    #[arg(long, env = "UPLION_NATS_MONITOR", value_name = "URL")]
    nats_monitor: Option<String>,
    /// Postgres, to ask it also where control cannot.
    #[arg(long, env = "UPLION_DATABASE_URL", hide_env_values = true)]
    database_url: Option<Secret>,
}

impl DirectArgs {
    /// `control_answers`: then it is control that says how the streams are.
    pub async fn examine(&self, control_answers: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(url) = &self.nats_url {
            findings.extend(self.broker(url, control_answers).await);
        }
        if let Some(url) = &self.nats_monitor {
            findings.extend(super::monitor::examine(url).await);
        }
        if let Some(url) = &self.database_url {
            findings.extend(database(url.expose()).await);
        }
        findings
    }

    async fn broker(&self, url: &Secret, control_answers: bool) -> Vec<Finding> {
        let at = nats::shown(url.expose());
        let options = self.nats_access.options(url, "doctor");
        let connected = timeout(PATIENCE, Nats::connect(options)).await;
        let nats = match connected.map_err(|_| "no answer".to_owned()) {
            Ok(Ok(nats)) => nats,
            Ok(Err(error)) => return vec![away(&at, &error.to_string())],
            Err(silent) => return vec![away(&at, &silent)],
        };
        let mut findings = vec![version(&at, &nats.server_version())];
        let streams_kept = nats.log().streams;
        let asked = offset(clock::now, || streams_kept.server_time());
        // Without streams it does not say.
        if let Ok(Ok(Some(found))) = timeout(PATIENCE, asked).await {
            findings.push(skew("nats-server", found.seconds));
        }
        if !control_answers {
            findings.extend(streams(&nats.log()).await);
        }
        findings
    }
}

fn away(at: &str, why: &str) -> Finding {
    let what = format!("nats-server at {at} cannot be reached: {why}");
    let advice = "start it; gateways answer 503 until it is there, and go on by themselves then";
    Finding::bad("broker.unreachable", what, advice)
}

fn version(at: &str, version: &str) -> Finding {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or_default());
    let found: (u32, u32) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let what = format!("nats-server {version} at {at}");
    if found < OLDEST_BROKER {
        let advice = "UPLION needs 2.15 or later: older ones lack what its streams rely on";
        return Finding::bad("broker.old", what, advice);
    }
    Finding::good("broker.ok", what)
}

async fn streams(log: &Log) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in StreamName::ALL {
        let asked = timeout(PATIENCE, log.streams.identity(name)).await;
        let asked = asked.unwrap_or_else(|_| {
            Err(ReadError::Unavailable { stream: name, reason: "no answer".to_owned() })
        });
        let (identity, trouble) = match asked {
            Ok(identity) => (Some(identity), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let stream = Stream {
            name: name.to_string(),
            trouble,
            bytes: identity.as_ref().map(|identity| identity.bytes),
            max_bytes: identity.as_ref().map(|identity| identity.max_bytes),
            // Only the database knows.
            lag: None,
            lag_seconds: None,
            halted: None,
            quarantined: 0,
        };
        findings.push(stream.examine());
    }
    if let Ok(Ok(storage)) = timeout(PATIENCE, log.streams.storage()).await {
        findings.extend(Storage::of(&storage).examine(&[]));
    }
    findings
}

async fn database(url: &str) -> Vec<Finding> {
    let at = postgres::shown(url);
    let state = match postgres::examine(url).await {
        Ok(state) => state,
        Err(error) => {
            let trouble = error.to_string();
            let what = format!("Postgres at {at}: {trouble}");
            let advice = advice_for_database(&trouble);
            return vec![Finding::bad("database.unreachable", what, advice)];
        }
    };
    let clock = state.clock.map(|found| skew("Postgres", found.seconds));
    [reached(&at, &state)].into_iter().chain(clock).collect()
}

fn reached(at: &str, state: &DatabaseState) -> Finding {
    let what = format!("Postgres {} at {at} holds {}", state.version, human(state.bytes));
    if state.read_only {
        let what = format!("{what}, and is read-only");
        return Finding::bad("database.read_only", what, advice_for_database("read-only"));
    }
    if !state.is_ours {
        let advice = "control, when it starts, makes them: is this the database that it has?";
        return Finding::bad("database.empty", format!("{what}, and no tables of UPLION"), advice);
    }
    Finding::good("database.reached", what)
}
