//! `uplion request`

mod settlement;

use std::collections::BTreeMap;

use clap::Args;
use serde::Deserialize;

use self::settlement::{Attempt, Settlement, counts};
use super::{
    archived_event::ArchivedEvent,
    client::{Client, read},
    endpoint,
    failure::Failure,
    money::{Currency, shown_currency},
    output::{self, Format, facts, named},
    params,
    request_filter::RequestFilter,
    table::{Column, Table, table},
};

/// How long to wait for what had happened when it was called.
const WAIT_MS: &str = "2000";

#[derive(Debug, Clone, Args)]
pub struct Request {
    /// As the answer's `X-Request-Id` has it: req_…
    #[arg(value_name = "REQUEST", conflicts_with_all = ["project", "key", "model", "from", "to", "status"])]
    id: Option<String>,
    #[command(flatten)]
    scope: RequestFilter,
    /// Only those that have come so far, or ended so.
    #[arg(long, value_parser = ["accepted", "assigned", "completed", "cancelled", "failed"])]
    status: Option<String>,
    /// Without an id: how many of the newest.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct Timeline {
    request: Option<Summary>,
    #[serde(default)]
    attempts: Vec<Attempt>,
    events: Vec<ArchivedEvent>,
}

#[derive(Debug, Deserialize)]
struct Summary {
    id: String,
    project: String,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    operation: Option<String>,
    status: String,
    why: Option<String>,
    upstream_status: Option<u16>,
    worker: Option<String>,
    prompt_tokens: u64,
    completion_tokens: u64,
    #[serde(default)]
    marks: Vec<String>,
    #[serde(default)]
    reported_units: Option<BTreeMap<String, u64>>,
    cost: String,
    accepted_at: Option<String>,
    #[serde(default)]
    reversed_at: Option<String>,
    first_chunk_ms: Option<f64>,
    total_ms: Option<f64>,
}

impl Request {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { id, scope, status, limit, control, format } = self;
        let client = Client::new(control.endpoint()?)?;
        if let Some(request) = id {
            return one(&client, format, &request).await;
        }
        let mut query = scope.query(&client).await?;
        query.extend(params::query([("status", status)]));
        let requests = client.list_at_most(&["requests"], &query, limit).await?;
        let currency = shown_currency(&client, format).await?;
        output::print_list(format, requests, |requests: &[Summary]| list_table(requests, &currency))
    }
}

async fn one(client: &Client, format: Format, request: &str) -> Result<(), Failure> {
    let timeline = client.get(&["requests", request], &[("wait", WAIT_MS.to_owned())]).await?;
    if format.json {
        return output::print_json(&timeline["events"]);
    }
    let Timeline { request, attempts, events } = read(timeline)?;
    if let Some(summary) = request {
        let currency = Currency::of(client).await?;
        let mut lines = summary.details(&currency);
        lines.extend(Settlement::among(&events).iter().flat_map(Settlement::facts));
        lines.extend(attempts.iter().map(|attempt| ("attempt", Some(attempt.line()))));
        output::print(&facts(&lines))?;
        output::print("")?;
    }
    output::print(&events.iter().map(ArchivedEvent::line).collect::<Vec<_>>().join("\n"))
}

fn list_table(requests: &[Summary], currency: &Currency) -> Table {
    let columns = [
        Column::Text("ID"),
        Column::Text("ACCEPTED"),
        Column::Text("PROJECT"),
        Column::Text("MODEL"),
        Column::Text("STATUS"),
        Column::Number("TOKENS"),
        Column::Named(currency.head("COST")),
        Column::Detail("MS".to_owned()),
    ];
    let row = |request: &Summary| {
        let tokens = request.prompt_tokens + request.completion_tokens;
        vec![
            request.id.clone(),
            request.accepted_at.clone().unwrap_or_default(),
            request.project_name.clone().unwrap_or_else(|| request.project.clone()),
            request.model.clone().unwrap_or_default(),
            request.outcome(),
            tokens.to_string(),
            currency.cell(&request.cost),
            request.total_ms.map(|ms| format!("{ms:.1}")).unwrap_or_default(),
        ]
    };
    table(&columns, &requests.iter().map(row).collect::<Vec<_>>())
}

impl Summary {
    fn outcome(&self) -> String {
        let status = self.upstream_status.map(|status| format!(" {status}")).unwrap_or_default();
        match (&self.why, &self.reversed_at) {
            (Some(why), _) => format!("{} ({why}{status})", self.status),
            (None, Some(_)) => format!("{}, taken back", self.status),
            (None, None) => self.status.clone(),
        }
    }

    fn details(self, currency: &Currency) -> Vec<(&'static str, Option<String>)> {
        let outcome = self.outcome();
        let key = self.key.as_ref().map(|key| named(self.key_name.as_deref(), key));
        let tokens =
            format!("{} prompt, {} completion", self.prompt_tokens, self.completion_tokens);
        let marks = Some(self.marks.join(", ")).filter(|marks| !marks.is_empty());
        let ms = |ms: Option<f64>| ms.map(|ms| format!("{ms:.1} ms"));
        vec![
            ("request", Some(self.id)),
            ("status", Some(outcome)),
            ("project", Some(named(self.project_name.as_deref(), &self.project))),
            ("key", key),
            ("model", self.model),
            ("operation", self.operation),
            ("worker", self.worker),
            ("tokens", Some(tokens)),
            ("marks", marks),
            ("reported", self.reported_units.map(|units| counts(&units))),
            ("cost", Some(currency.amount(&self.cost))),
            ("taken back", self.reversed_at),
            ("first chunk", ms(self.first_chunk_ms)),
            ("total", ms(self.total_ms)),
        ]
    }
}
