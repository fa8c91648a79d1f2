//! `uplion price`

mod rates;
mod rule;
mod view;

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use uplion_control_client as control_client;

use self::{
    rates::Rates,
    view::{View, list_table},
};
use super::{
    client::{Client, read},
    endpoint,
    failure::Failure,
    moment::{Moment, Towards},
    money::shown_currency,
    output::{self, Format},
    params,
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
    Create(NewPrice),
    /// Lists all prices, also withdrawn ones and those to come.
    List {
        /// Only of this model, by its name or an alias.
        #[arg(long)]
        model: Option<String>,
        /// Only those that this project alone pays, by name or id.
        #[arg(long)]
        project: Option<String>,
        /// Only those in force at this time, like 2026-11-23T08:00:00Z, or 2026-11-23 where the installation is.
        #[arg(long, value_name = "TIME")]
        in_force_at: Option<Moment>,
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

#[derive(Debug, Clone, Args)]
struct NewPrice {
    /// By its name or an alias.
    model: String,
    /// The project that alone pays this, by name or id.
    #[arg(long)]
    project: Option<String>,
    /// Nothing is charged. What is not given is never free by itself: --output 0 says so of answers alone.
    #[arg(long, conflicts_with_all = ["input", "output", "cached_input", "reasoning", "request", "others", "rules"])]
    free: bool,
    #[command(flatten)]
    rates: Rates,
    #[command(flatten)]
    options: CreateOptions,
}

impl Price {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Create(price) => price.set(&client, format).await,
            Act::List { model, project, in_force_at } => {
                let at = Moment::maybe(in_force_at.as_ref(), &client, Towards::Past).await?;
                let query =
                    params::query([("model", model), ("project", project), ("in_force_at", at)]);
                let prices = client.list(&["prices"], &query).await?;
                if format.json {
                    return output::print_json(&Value::Array(prices));
                }
                let currency = shown_currency(&client, format).await?;
                let in_force = in_force(&client).await?;
                output::print_list(format, prices, |prices: &[View]| {
                    list_table(prices, &in_force, &currency)
                })
            }
            Act::Show { price } => {
                let shown = client.get(&["prices", &price], &[]).await?;
                let currency = shown_currency(&client, format).await?;
                output::print_one(format, shown, |price: View| price.details(&currency))
            }
            Act::Change { price, rates, options } => {
                change(&client, format, &options, &price, &rates).await
            }
            Act::Revoke { price, options } => {
                options.confirm(&format!(
                    "price {price} is withdrawn: the one before it counts again"
                ))?;
                let written = client.action(&options, &["prices", &price, "withdraw"]).await?;
                output::print_written(format, &written, &format!("withdrew price {price}"))
            }
        }
    }
}

impl NewPrice {
    async fn set(self, client: &Client, format: Format) -> Result<(), Failure> {
        let Self { model, project, free, rates, options } = self;
        if !rates.are_given() && !free {
            let text = "a price says what is charged: give --input and --output, --request or --rate, or --free";
            return Err(Failure::Local(text.to_owned()));
        }
        let mut body = rates.fields(client).await?;
        if free {
            body.extend([("input".to_owned(), json!("0")), ("output".to_owned(), json!("0"))]);
        }
        body.insert("model".into(), json!(model));
        body.extend(project.map(|project| ("project".into(), json!(project))));
        let written = client.post(&options.into(), &["prices"], &Value::Object(body)).await?;
        let id = written["id"].as_str().unwrap_or_default();
        output::print_written(format, &written, &format!("set price {id} of model {model}"))
    }
}

/// The ids of the prices that count now.
async fn in_force(client: &Client) -> Result<BTreeSet<String>, Failure> {
    let query = [("in_force_at", crate::clock::now().to_string())];
    let prices = client.list(&["prices"], &query).await?;
    Ok(prices.iter().filter_map(|price| price["id"].as_str().map(ToOwned::to_owned)).collect())
}

/// The new one first: in between both stand, and the later one counts.
async fn change(
    client: &Client,
    format: Format,
    options: &WriteOptions,
    price: &str,
    rates: &Rates,
) -> Result<(), Failure> {
    let fields = rates.fields(client).await?;
    if fields.is_empty() {
        return Err(Failure::Local(
            "nothing to change: give --input, --output or another rate".into(),
        ));
    }
    let old: View = read(client.get(&["prices", price], &[]).await?)?;
    let body = replaced(old.to_json(), fields);
    let written = client.post(options, &["prices"], &Value::Object(body)).await?;
    let new = written["id"].as_str().unwrap_or_default().to_owned();
    let then = control_client::WriteOptions::from(options).of_second_write();
    client.action(&then.into(), &["prices", price, "withdraw"]).await?;
    output::print_written(format, &written, &format!("set price {new} in the place of {price}"))
}

/// What was given takes the place of what there was: of the rates unit by unit.
fn replaced(mut old: Map<String, Value>, mut given: Map<String, Value>) -> Map<String, Value> {
    if let (Some(Value::Object(rates)), Some(Value::Object(others))) =
        (old.get("rates"), given.get("rates"))
    {
        let rates = rates.clone().into_iter().chain(others.clone()).collect();
        given.insert("rates".to_owned(), Value::Object(rates));
    }
    old.extend(given);
    old
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_not_given_stays_as_it_is() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let old = map(json!({ "model": "llama", "rates": { "input": "1", "images": "2" } }));
        let given = map(json!({ "output": "3", "rates": { "images": "4" } }));
        let new = json!({
            "model": "llama", "output": "3", "rates": { "input": "1", "images": "4" },
        });
        assert_eq!(Value::Object(replaced(old, given)), new);
    }
}
