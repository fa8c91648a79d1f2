//! `uplion workers`: who serves, as the log tells it. (`uplion worker` is the role.)

use clap::Args;
use serde::Deserialize;

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
        Column::Number("REQUESTS"),
        Column::Text("LAST REQUEST"),
        Column::Text("STARTED"),
        Column::Text("TROUBLE"),
    ];
    let row = |worker: &View| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let failures = worker
            .failures
            .iter()
            .map(|WorkerFailure { model, reason, .. }| format!("{model}: {reason}"));
        vec![
            worker.id.clone(),
            worker.status.clone(),
            worker.models.join(", "),
            worker.requests.to_string(),
            text(&worker.last_request_at),
            text(&worker.started_at),
            failures.collect::<Vec<_>>().join(", "),
        ]
    };
    table(&columns, &workers.iter().map(row).collect::<Vec<_>>())
}

impl View {
    fn details(self) -> String {
        let mut lines = vec![
            ("worker", Some(self.id)),
            ("status", Some(self.status)),
            ("models", Some(self.models.join(", "))),
            ("requests", Some(self.requests.to_string())),
            ("last request", self.last_request_at),
            ("started", self.started_at),
            ("stopped", self.stopped_at),
        ];
        let failures = self.failures.into_iter().map(|WorkerFailure { model, reason, at }| {
            ("trouble", Some(format!("{model}: {reason}, at {at}")))
        });
        lines.extend(failures);
        output::facts(&lines)
    }
}
