//! `uplion charges`: what each request that ended was charged, and at which rates.

use clap::Args;
use serde::Deserialize;

use super::{
    client::Client,
    endpoint,
    failure::Failure,
    money::{Currency, shown_currency},
    output::{self, Format},
    params,
    request_filter::RequestFilter,
    table::{Column, Table, table},
};

#[derive(Debug, Clone, Args)]
pub struct Charges {
    /// How many of the newest.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Only those that a person should look at: charged less than was reported, or not as accepted.
    #[arg(long)]
    marked: bool,
    #[command(flatten)]
    scope: RequestFilter,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct View {
    request: String,
    project: String,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    outcome: String,
    settled_at: Option<String>,
    #[serde(default)]
    reversed_at: Option<String>,
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
    usage_source: String,
    usage_dialect: Option<String>,
    #[serde(default)]
    marks: Vec<String>,
    charge: String,
}

impl View {
    fn outcome(&self) -> String {
        match self.reversed_at {
            Some(_) => format!("{}, taken back", self.outcome),
            None => self.outcome.clone(),
        }
    }

    /// `reported as x_groq`
    fn usage(&self) -> String {
        match &self.usage_dialect {
            Some(dialect) => format!("{} as {dialect}", self.usage_source),
            None => self.usage_source.clone(),
        }
    }
}

impl Charges {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { limit, marked, scope, control, format } = self;
        let client = Client::new(control.endpoint()?)?;
        let mut query = scope.query(&client).await?;
        query.extend(params::query([("marked", marked.then(|| marked.to_string()))]));
        let charges = client.list_at_most(&["charges"], &query, limit).await?;
        let currency = shown_currency(&client, format).await?;
        output::print_list(format, charges, |charges: &[View]| list_table(charges, &currency))
    }
}

fn list_table(charges: &[View], currency: &Currency) -> Table {
    // Whoever looks for a mark needs to read it.
    let has_marks = charges.iter().any(|charge| !charge.marks.is_empty());
    let key = if has_marks { Column::Aside("KEY") } else { Column::Text("KEY") };
    let columns = [
        Column::Text("REQUEST"),
        Column::Text("ENDED"),
        Column::Text("PROJECT"),
        key,
        Column::Text("MODEL"),
        Column::Text("OUTCOME"),
        Column::Detail("PROMPT".to_owned()),
        Column::Detail("CACHED".to_owned()),
        Column::Detail("COMPLETION".to_owned()),
        Column::Detail("REASONING".to_owned()),
        Column::Aside("USAGE"),
        Column::Text("MARKS"),
        Column::Named(currency.head("CHARGE")),
    ];
    let row = |charge: &View| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            charge.request.clone(),
            text(&charge.settled_at),
            charge.project_name.clone().unwrap_or_else(|| charge.project.clone()),
            charge.key_name.clone().unwrap_or_else(|| text(&charge.key)),
            text(&charge.model),
            charge.outcome(),
            charge.prompt_tokens.to_string(),
            charge.cached_tokens.to_string(),
            charge.completion_tokens.to_string(),
            charge.reasoning_tokens.to_string(),
            charge.usage(),
            charge.marks.join(" "),
            currency.cell(&charge.charge),
        ]
    };
    table(&columns, &charges.iter().map(row).collect::<Vec<_>>())
}
