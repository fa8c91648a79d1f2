//! What a price charges, as its flags give it.

use clap::{ArgAction, Args};
use serde_json::{Map, Value, json};

use super::rule;
use crate::cli::{
    client::Client,
    failure::Failure,
    moment::{Moment, Towards},
    params,
};

/// In units of the installation's currency: 0.15.
#[derive(Debug, Clone, Args)]
pub struct Rates {
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
    /// For any other unit, like images=0.04: each, or a million of tokens and characters; may be repeated.
    #[arg(long = "rate", value_name = "UNIT=AMOUNT")]
    others: Vec<String>,
    /// Other rates where something is so, like `context_above=200000 input=2.50,output=15`; may be repeated, the first that
    /// holds counts.
    #[arg(long = "when", num_args = 2, value_names = ["CONDITIONS", "RATES"], action = ArgAction::Append)]
    rules: Vec<String>,
    /// From when on, like 2026-11-23T08:00:00Z, or 2026-12-01 where the installation is, also past; by default now.
    #[arg(long = "from", value_name = "TIME")]
    effective_from: Option<Moment>,
}

impl Rates {
    pub fn are_given(&self) -> bool {
        let Self { input, output, cached_input, reasoning, request, others, rules, .. } = self;
        let flags = [input, output, cached_input, reasoning, request];
        flags.iter().any(|flag| flag.is_some()) || !others.is_empty() || !rules.is_empty()
    }

    /// What was given, under the API's names.
    pub async fn fields(&self, client: &Client) -> Result<Map<String, Value>, Failure> {
        let Self { input, output, cached_input, reasoning, request, effective_from, .. } = self;
        let from = Moment::maybe(effective_from.as_ref(), client, Towards::Future).await?;
        let mut fields = params::body([
            ("input", input.as_ref().map(|rate| json!(rate))),
            ("output", output.as_ref().map(|rate| json!(rate))),
            ("cached_input", cached_input.as_ref().map(|rate| json!(rate))),
            ("reasoning", reasoning.as_ref().map(|rate| json!(rate))),
            ("request", request.as_ref().map(|rate| json!(rate))),
            ("effective_from", from.map(|time| json!(time))),
        ]);
        let mut rates = Map::new();
        for text in &self.others {
            rates.extend(rule::rates(text)?);
        }
        fields.extend((!rates.is_empty()).then(|| ("rates".to_owned(), Value::Object(rates))));
        let rules = rule::rules(&self.rules)?;
        fields.extend((!rules.is_empty()).then(|| ("rules".to_owned(), Value::Array(rules))));
        Ok(fields)
    }
}
