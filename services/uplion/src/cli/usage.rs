//! `uplion usage`

mod merged;
mod month;

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uplion_control_client::{List, ListOptions};
use uplion_domain::Nanos;

use self::month::Month;
use super::{
    client::{Client, read},
    endpoint,
    failure::Failure,
    key,
    moment::{Moment, Towards},
    money::{Currency, shown_currency},
    output::{self, Format},
    params,
    table::{Column, Table, table},
    zone::zone,
};

/// How long to wait for what had happened when it was called.
const WAIT_MS: &str = "2000";

/// Of keys that are their project's.
const NO_OWNER: &str = "(no owner)";

/// Have columns of their own, or are parts of one.
const COUNTED_ELSEWHERE: [&str; 8] = [
    "input",
    "cached_input",
    "cache_write",
    "audio_input",
    "output",
    "reasoning",
    "audio_output",
    "requests",
];

#[derive(Debug, Clone, Args)]
pub struct Usage {
    /// What to tell apart.
    #[arg(long, value_delimiter = ',', default_value = "project,key,model")]
    by: Vec<By>,
    /// Of this month, in the installation's time zone: 2026-11.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    month: Option<Month>,
    /// From the hour on in which this time lies, like 2026-11-23T08:00:00Z, or 2026-11-23 where the installation is, or
    /// 24h ago as 24h.
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Up to and without the hour that starts at or after this time.
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Only of this project, by name or id.
    #[arg(long)]
    project: Option<String>,
    /// Only of this key, by id, or by name if no other has it.
    #[arg(long)]
    key: Option<String>,
    /// Only of this model, by its name or an alias.
    #[arg(long)]
    model: Option<String>,
    /// Only of this operation: `chat_completion`, `embedding`, …
    #[arg(long)]
    operation: Option<String>,
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
    Operation,
    Hour,
    /// In the installation's time zone.
    Day,
    /// Whose key it was; nobody, of a project's own.
    User,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct Line {
    project: Option<String>,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    operation: Option<String>,
    hour: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    /// Disjoint: what the two counts of tokens are made of, and all others.
    #[serde(default)]
    units: BTreeMap<String, u64>,
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
        let merges = self.by.iter().any(|by| matches!(by, By::Day | By::User));
        if self.format.json && !merges {
            return output::print_json(&Value::Array(items));
        }
        let mut lines = items.into_iter().map(read).collect::<Result<Vec<Line>, _>>()?;
        if merges {
            lines = merged::merged(&client, &self.by, lines).await?;
        }
        if self.format.json {
            let lines = serde_json::to_value(lines);
            return output::print_json(
                &lines.map_err(|error| Failure::caused("usage cannot be written", error))?,
            );
        }
        let currency = shown_currency(&client, self.format).await?;
        output::print(&self.table(&lines, &currency).text(self.format))
    }

    async fn query(&self, client: &Client) -> Result<Vec<(&'static str, String)>, Failure> {
        let mut by: Vec<String> = self.by.iter().map(|by| params::word(by.asked_for())).collect();
        by.sort_unstable();
        by.dedup();
        let mut query = vec![("by", by.join(",")), ("wait", WAIT_MS.to_owned())];
        let key = match &self.key {
            Some(given) => Some(key::id(client, given).await?),
            None => None,
        };
        let (from, to) = match &self.month {
            Some(month) => {
                let (from, to) = month.span(&zone(client).await?)?;
                (Some(from), Some(to))
            }
            None => (
                Moment::maybe(self.from.as_ref(), client, Towards::Past).await?,
                Moment::maybe(self.to.as_ref(), client, Towards::Past).await?,
            ),
        };
        query.extend(params::query([
            ("from", from),
            ("to", to),
            ("project", self.project.clone()),
            ("key", key),
            ("model", self.model.clone()),
            ("operation", self.operation.clone()),
        ]));
        Ok(query)
    }

    fn table(&self, lines: &[Line], currency: &Currency) -> Table {
        let others = other_units(lines);
        let mut columns: Vec<Column> = self.by.iter().map(|by| Column::Text(by.head())).collect();
        columns.push(Column::Number("REQUESTS"));
        columns.extend(["PROMPT", "COMPLETION"].map(|head| Column::Detail(head.to_owned())));
        let named = others.iter().map(|unit| unit.replace('_', " ").to_uppercase());
        columns.extend(named.map(Column::Detail).chain([Column::Named(currency.head("COST"))]));
        let row = |(groups, line): (Vec<String>, &Line)| {
            let counts = [line.requests, line.prompt_tokens, line.completion_tokens];
            let units = others.iter().map(|unit| line.units.get(*unit).copied().unwrap_or(0));
            let counts = counts.into_iter().chain(units).map(|count| count.to_string());
            groups.into_iter().chain(counts).chain([currency.cell(&line.cost)]).collect()
        };
        let sum = Line::sum(lines);
        let groups = |line: &Line| self.by.iter().map(|by| line.group(*by)).collect();
        let mut rows: Vec<(Vec<String>, &Line)> =
            lines.iter().map(|line| (groups(line), line)).collect();
        if lines.len() > 1 {
            let mut all = vec![String::new(); self.by.len()];
            if let Some(first) = all.first_mut() {
                "all".clone_into(first);
            }
            rows.push((all, &sum));
        }
        table(&columns, &rows.into_iter().map(row).collect::<Vec<_>>())
    }
}

/// Units that are neither tokens nor requests, as far as there are any.
fn other_units(lines: &[Line]) -> BTreeSet<&str> {
    let units = lines.iter().flat_map(|line| line.units.keys().map(String::as_str));
    units.filter(|unit| !COUNTED_ELSEWHERE.contains(unit)).collect()
}

impl By {
    const fn head(self) -> &'static str {
        match self {
            Self::Project => "PROJECT",
            Self::Key => "KEY",
            Self::Model => "MODEL",
            Self::Operation => "OPERATION",
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::User => "USER",
        }
    }

    /// What the API tells apart, of which this is made.
    const fn asked_for(self) -> Self {
        match self {
            Self::Day => Self::Hour,
            Self::User => Self::Key,
            Self::Project | Self::Key | Self::Model | Self::Operation | Self::Hour => self,
        }
    }
}

impl Line {
    fn sum(lines: &[Self]) -> Self {
        let mut sum = Self { cost: "0".to_owned(), ..Self::default() };
        for line in lines {
            sum.add(line);
        }
        sum
    }

    fn add(&mut self, line: &Self) {
        self.requests += line.requests;
        self.prompt_tokens += line.prompt_tokens;
        self.completion_tokens += line.completion_tokens;
        for (unit, count) in &line.units {
            *self.units.entry(unit.clone()).or_default() += count;
        }
        let cost = |cost: &str| cost.parse().unwrap_or(Nanos::ZERO);
        let both: Nanos = [cost(&self.cost), cost(&line.cost)].into_iter().sum();
        self.cost = both.to_string();
    }

    fn group(&self, by: By) -> String {
        let named = |name: &Option<String>, id: &Option<String>| {
            id.as_ref().map(|id| output::named(name.as_deref(), id))
        };
        let group = match by {
            By::Project => named(&self.project_name, &self.project),
            By::Key => named(&self.key_name, &self.key),
            By::Model => self.model.clone(),
            By::Operation => self.operation.clone(),
            By::Hour => self.hour.clone(),
            By::Day => self.day.clone(),
            By::User => Some(self.user.clone().unwrap_or_else(|| NO_OWNER.to_owned())),
        };
        group.unwrap_or_default()
    }
}
