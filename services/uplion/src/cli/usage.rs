//! `uplion usage`

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;
use uplion_control_client::{List, ListOptions};
use uplion_domain::Nanos;

use super::{
    client::{Client, read},
    endpoint,
    failure::Failure,
    key,
    output::{self, Format},
    params,
    table::{Column, table},
};

/// How long to wait for what had happened when it was called.
const WAIT_MS: &str = "2000";

#[derive(Debug, Clone, Args)]
pub struct Usage {
    /// What to tell apart.
    #[arg(long, value_delimiter = ',', default_value = "project,key,model")]
    by: Vec<By>,
    /// From the hour on in which this time lies: 2026-11-23T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to and without the hour that starts at or after this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only of this project, by name or id.
    #[arg(long)]
    project: Option<String>,
    /// Only of this key, by id, or by name if no other has it.
    #[arg(long)]
    key: Option<String>,
    /// Only of this model, by its name or an alias.
    #[arg(long)]
    model: Option<String>,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Project,
    Key,
    Model,
    Hour,
}

#[derive(Debug, Deserialize)]
struct Line {
    project: Option<String>,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    hour: Option<String>,
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: String,
}

impl Usage {
    pub async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.control.endpoint()?)?;
        let query = self.query(&client).await?;
        let options = ListOptions { with_newest_changes: false, ..ListOptions::default() };
        let List { items, behind } = client.list_as(&["usage"], &query, &options).await?;
        if let Some(behind) = behind {
            output::note(&format!("the newest requests may be missing: {behind}"));
        }
        if self.format.json {
            return output::print_json(&Value::Array(items));
        }
        let lines = items.into_iter().map(read).collect::<Result<Vec<Line>, _>>()?;
        output::print(&self.table(&lines))
    }

    async fn query(&self, client: &Client) -> Result<Vec<(&'static str, String)>, Failure> {
        let by: Vec<String> = self.by.iter().copied().map(params::word).collect();
        let mut query = vec![("by", by.join(",")), ("wait", WAIT_MS.to_owned())];
        let key = match &self.key {
            Some(given) => Some(key::id(client, given).await?),
            None => None,
        };
        query.extend(params::query([
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("project", self.project.clone()),
            ("key", key),
            ("model", self.model.clone()),
        ]));
        Ok(query)
    }

    fn table(&self, lines: &[Line]) -> String {
        let mut columns: Vec<Column> = self.by.iter().map(|by| Column::Text(by.head())).collect();
        columns
            .extend(["REQUESTS", "PROMPT TOKENS", "COMPLETION TOKENS", "COST"].map(Column::Number));
        let mut rows: Vec<Vec<String>> = lines.iter().map(|line| self.row(line)).collect();
        if lines.len() > 1 {
            rows.push(self.sum(lines));
        }
        table(&columns, &rows)
    }

    fn row(&self, line: &Line) -> Vec<String> {
        let mut row: Vec<String> = self.by.iter().map(|by| line.group(*by)).collect();
        let Line { requests, prompt_tokens, completion_tokens, cost, .. } = line;
        row.extend([requests, prompt_tokens, completion_tokens].map(ToString::to_string));
        row.push(cost.clone());
        row
    }

    fn sum(&self, lines: &[Line]) -> Vec<String> {
        let mut row = vec![String::new(); self.by.len()];
        if let Some(first) = row.first_mut() {
            "all".clone_into(first);
        }
        let sum = |count: fn(&Line) -> u64| lines.iter().map(count).sum::<u64>().to_string();
        row.push(sum(|line| line.requests));
        row.push(sum(|line| line.prompt_tokens));
        row.push(sum(|line| line.completion_tokens));
        let cost: Nanos = lines.iter().filter_map(|line| line.cost.parse::<Nanos>().ok()).sum();
        row.push(cost.to_string());
        row
    }
}

impl By {
    const fn head(self) -> &'static str {
        match self {
            Self::Project => "PROJECT",
            Self::Key => "KEY",
            Self::Model => "MODEL",
            Self::Hour => "HOUR",
        }
    }
}

impl Line {
    fn group(&self, by: By) -> String {
        let named = |name: &Option<String>, id: &Option<String>| {
            id.as_ref().map(|id| output::named(name.as_deref(), id))
        };
        let group = match by {
            By::Project => named(&self.project_name, &self.project),
            By::Key => named(&self.key_name, &self.key),
            By::Model => self.model.clone(),
            By::Hour => self.hour.clone(),
        };
        group.unwrap_or_default()
    }
}
