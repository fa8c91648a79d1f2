//! `uplion workers`: who serves, as they say themselves and as the log tells it. (`uplion worker` is the role.)

mod presence;

use clap::Args;
use serde::Deserialize;

pub use self::presence::Presence;
use super::{
    client::Client,
    endpoint,
    failure::Failure,
    output::{self, Format},
    params,
    table::{Column, Table, table},
};

#[derive(Debug, Clone, Args)]
pub struct Workers {
    /// Only this one, with its newest failures.
    worker: Option<String>,
    /// Only those that are so now.
    #[arg(long, conflicts_with = "worker", value_parser = ["serving", "failed", "stopped"])]
    status: Option<String>,
    /// Only those that began to serve with this model, by its name or an alias.
    #[arg(long, conflicts_with = "worker")]
    model: Option<String>,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct View {
    id: String,
    status: String,
    models: Vec<String>,
    started_at: Option<String>,
    stopped_at: Option<String>,
    failures: Vec<WorkerFailure>,
    requests: u64,
    last_request_at: Option<String>,
    present: Option<bool>,
    presence: Option<Presence>,
}

#[derive(Debug, Deserialize)]
struct WorkerFailure {
    model: String,
    reason: String,
    at: String,
}

impl Workers {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { worker, status, model, control, format } = self;
        let client = Client::new(control.endpoint()?)?;
        if let Some(worker) = worker {
            let shown = client.get(&["workers", &worker], &[]).await?;
            return output::print_one(format, shown, View::details);
        }
        let query = params::query([("status", status), ("model", model)]);
        let workers = client.list(&["workers"], &query).await?;
        output::print_list(format, workers, list_table)
    }
}

fn list_table(workers: &[View]) -> Table {
    let columns = [
        Column::Text("ID"),
        Column::Text("STATUS"),
        Column::Text("MODELS"),
        Column::Text("IN FLIGHT"),
        Column::Detail("REQUESTS".to_owned()),
        Column::Aside("LAST REQUEST"),
        Column::Aside("STARTED"),
        Column::Text("TROUBLE"),
    ];
    let row = |worker: &View| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            worker.id.clone(),
            worker.standing(),
            worker.models_now().join(", "),
            worker.presence.as_ref().map(Presence::load).unwrap_or_default(),
            worker.requests.to_string(),
            text(&worker.last_request_at),
            text(&worker.started_at),
            worker.trouble().join("; "),
        ]
    };
    table(&columns, &workers.iter().map(row).collect::<Vec<_>>())
}

impl View {
    /// What the log says of it, unless it was killed and could not say so.
    fn standing(&self) -> String {
        match (self.status.as_str(), self.present) {
            ("serving" | "failed", Some(false)) => "gone".to_owned(),
            (status, _) => status.to_owned(),
        }
    }

    /// Those that it serves now, or began with.
    fn models_now(&self) -> Vec<String> {
        let Some(presence) = &self.presence else { return self.models.clone() };
        let mut models: Vec<String> =
            presence.upstreams.iter().map(|upstream| upstream.model.clone()).collect();
        models.sort_unstable();
        models.dedup();
        models
    }

    /// What it says itself, if it is there: what the log says may be mended since.
    fn trouble(&self) -> Vec<String> {
        let recorded =
            |WorkerFailure { model, reason, .. }: &WorkerFailure| format!("{model}: {reason}");
        match &self.presence {
            Some(presence) => presence.trouble(),
            None => self.failures.iter().map(recorded).collect(),
        }
    }

    fn details(self) -> String {
        let (standing, models) = (self.standing(), self.models_now());
        let presence = self.presence.as_ref();
        let mut lines = vec![
            ("worker", Some(self.id.clone())),
            ("status", Some(standing)),
            ("hindrance", presence.and_then(|presence| presence.hindrance.clone())),
            ("version", presence.map(|presence| presence.version.clone())),
            ("in flight", presence.map(Presence::load)),
            ("models", Some(models.join(", "))),
            ("requests", Some(self.requests.to_string())),
            ("last request", self.last_request_at),
            ("started", self.started_at),
            ("stopped", self.stopped_at),
        ];
        let upstreams = presence.into_iter().flat_map(|presence| &presence.upstreams);
        lines.extend(upstreams.map(|upstream| ("upstream", Some(upstream.line()))));
        let failures = self.failures.into_iter().map(|WorkerFailure { model, reason, at }| {
            ("trouble", Some(format!("{model}: {reason}, at {at}")))
        });
        lines.extend(failures);
        output::facts(&lines)
    }
}
