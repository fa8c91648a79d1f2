//! `uplion price`

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uplion_control_client as control_client;

use super::{
    client::{Client, read},
    endpoint,
    failure::Failure,
    output::{self, Format, facts},
    params,
    table::{Column, table},
    write_options::{CreateOptions, WriteOptions},
};

#[derive(Debug, Clone, Args)]
pub struct Price {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Sets what a model charges from some time on. No settled charge changes.
    #[command(visible_alias = "set")]
    Create {
        /// By its name or an alias.
        model: String,
        /// The project that alone pays this, by name or id.
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        rates: Rates,
        #[command(flatten)]
        options: CreateOptions,
    },
    /// Lists all prices, also withdrawn ones and those to come.
    List {
        /// Only of this model, by its name or an alias.
        #[arg(long)]
        model: Option<String>,
        /// Only those that this project alone pays, by name or id.
        #[arg(long)]
        project: Option<String>,
        /// Only those in force at this time, like 2026-11-23T08:00:00Z.
        #[arg(long, value_name = "TIME")]
        in_force_at: Option<String>,
    },
    /// Shows one.
    Show {
        /// Its id.
        price: String,
    },
    /// Sets a price in the place of another one, which is withdrawn. What is not given stays as it is.
    Change {
        /// Its id.
        price: String,
        #[command(flatten)]
        rates: Rates,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Withdraws one: for requests to come it is as if it had never been.
    #[command(visible_alias = "withdraw")]
    Revoke {
        /// Its id.
        price: String,
        #[command(flatten)]
        options: WriteOptions,
    },
}

/// In units of the installation's currency: 0.15.
#[derive(Debug, Clone, Args)]
struct Rates {
    /// For a million tokens of the prompt.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    input: Option<String>,
    /// For a million tokens of the answer.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    output: Option<String>,
    /// For a million tokens of the prompt that the upstream had in its cache; by default as --input.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    cached_input: Option<String>,
    /// For a million tokens of reasoning; by default as --output.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    reasoning: Option<String>,
    /// For each request, whatever its tokens.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    request: Option<String>,
    /// From when on, like 2026-11-23T08:00:00Z, also past; by default now.
    #[arg(long = "from", value_name = "TIME")]
    effective_from: Option<String>,
}

#[derive(Debug, Deserialize)]
struct View {
    id: String,
    model: String,
    project: Option<String>,
    input: String,
    cached_input: String,
    output: String,
    reasoning: String,
    request: String,
    effective_from: String,
    set_at: String,
    withdrawn_at: Option<String>,
}

impl Price {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Create { model, project, rates, options } => {
                if rates.input.is_none() && rates.output.is_none() && rates.request.is_none() {
                    let text =
                        "a price says what is charged: give --input and --output, or --request";
                    return Err(Failure::Local(text.to_owned()));
                }
                let mut body =
                    Map::from_iter([("input".into(), json!("0")), ("output".into(), json!("0"))]);
                body.insert("model".into(), json!(model));
                body.extend(project.map(|project| ("project".into(), json!(project))));
                body.extend(rates.fields());
                let written =
                    client.post(&options.into(), &["prices"], &Value::Object(body)).await?;
                let id = written["id"].as_str().unwrap_or_default();
                output::wrote(format, &written, &format!("set price {id} of model {model}"))
            }
            Act::List { model, project, in_force_at } => {
                let query = params::query([
                    ("model", model),
                    ("project", project),
                    ("in_force_at", in_force_at),
                ]);
                let prices = client.list(&["prices"], &query).await?;
                output::many(format, prices, list_table)
            }
            Act::Show { price } => {
                let shown = client.get(&["prices", &price], &[]).await?;
                output::one(format, shown, View::details)
            }
            Act::Change { price, rates, options } => {
                change(&client, format, &options, &price, &rates).await
            }
            Act::Revoke { price, options } => {
                let written = client.action(&options, &["prices", &price, "withdraw"]).await?;
                output::wrote(format, &written, &format!("withdrew price {price}"))
            }
        }
    }
}

/// The new one first: in between both stand, and the later one counts.
async fn change(
    client: &Client,
    format: Format,
    options: &WriteOptions,
    price: &str,
    rates: &Rates,
) -> Result<(), Failure> {
    let fields = rates.fields();
    if fields.is_empty() {
        return Err(Failure::Local(
            "nothing to change: give --input, --output or another rate".into(),
        ));
    }
    let old: View = read(client.get(&["prices", price], &[]).await?)?;
    let mut body = old.rates();
    body.extend(fields);
    let written = client.post(options, &["prices"], &Value::Object(body)).await?;
    let new = written["id"].as_str().unwrap_or_default().to_owned();
    client
        .action(
            &control_client::WriteOptions::from(options).of_second_write().into(),
            &["prices", price, "withdraw"],
        )
        .await?;
    output::wrote(format, &written, &format!("set price {new} in the place of {price}"))
}

impl Rates {
    /// What was given, under the API's names.
    fn fields(&self) -> Map<String, Value> {
        let Self { input, output, cached_input, reasoning, request, effective_from } = self;
        let all = [
            ("input", input),
            ("output", output),
            ("cached_input", cached_input),
            ("reasoning", reasoning),
            ("request", request),
            ("effective_from", effective_from),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))))
            .collect()
    }
}

fn list_table(prices: &[View]) -> String {
    let columns = [
        Column::Text("MODEL"),
        Column::Text("PROJECT"),
        Column::Text("ID"),
        Column::Number("INPUT"),
        Column::Number("CACHED"),
        Column::Number("OUTPUT"),
        Column::Number("REASONING"),
        Column::Number("REQUEST"),
        Column::Text("FROM"),
        Column::Text("WITHDRAWN"),
    ];
    let row = |price: &View| {
        let withdrawn = price.withdrawn_at.clone().unwrap_or_default();
        let View {
            id,
            model,
            project: _,
            input,
            cached_input,
            output,
            reasoning,
            request,
            effective_from,
            ..
        } = price;
        let project = price.project.clone().unwrap_or_default();
        let cells = [
            model,
            &project,
            id,
            input,
            cached_input,
            output,
            reasoning,
            request,
            effective_from,
            &withdrawn,
        ];
        cells.map(Clone::clone).to_vec()
    };
    table(&columns, &prices.iter().map(row).collect::<Vec<_>>())
}

impl View {
    /// A price that differs in its id alone.
    fn rates(&self) -> Map<String, Value> {
        let all = [
            ("model", &self.model),
            ("input", &self.input),
            ("cached_input", &self.cached_input),
            ("output", &self.output),
            ("reasoning", &self.reasoning),
            ("request", &self.request),
            ("effective_from", &self.effective_from),
        ];
        let project = self.project.as_ref().map(|project| ("project", project));
        all.into_iter()
            .chain(project)
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect()
    }

    fn details(self) -> String {
        let per_million = |rate: String| Some(format!("{rate} per million tokens"));
        facts(&[
            ("id", Some(self.id)),
            ("model", Some(self.model)),
            ("project", self.project),
            ("input", per_million(self.input)),
            ("cached input", per_million(self.cached_input)),
            ("output", per_million(self.output)),
            ("reasoning", per_million(self.reasoning)),
            ("request", Some(format!("{} each", self.request))),
            ("from", Some(self.effective_from)),
            ("set", Some(self.set_at)),
            ("withdrawn", self.withdrawn_at),
        ])
    }
}
