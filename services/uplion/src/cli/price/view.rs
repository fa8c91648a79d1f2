//! Prices, as people see them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uplion_domain::Timestamp;

use crate::cli::{
    money::Currency,
    output::facts,
    params,
    table::{Column, Table, table},
};

#[derive(Debug, Deserialize)]
pub struct View {
    id: String,
    model: String,
    project: Option<String>,
    input: String,
    cached_input: String,
    output: String,
    reasoning: String,
    request: String,
    /// Of all units that have one, where no rule holds.
    #[serde(default)]
    rates: BTreeMap<String, String>,
    #[serde(default)]
    rules: Vec<Rule>,
    effective_from: String,
    set_at: String,
    withdrawn_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(default)]
    when: Map<String, Value>,
    rates: BTreeMap<String, String>,
}

/// The five that have names of their own.
const NAMED: [&str; 5] = ["input", "cached_input", "output", "reasoning", "requests"];

/// `in_force`: those that count now.
pub fn list_table(prices: &[View], in_force: &BTreeSet<String>, currency: &Currency) -> Table {
    let amounts = ["INPUT", "CACHED", "OUTPUT", "REASONING", "REQUEST"];
    let mut columns = ["MODEL", "PROJECT", "NOW", "ID"].map(Column::Text).to_vec();
    columns.push(Column::Named(currency.head(amounts[0])));
    let details = |head: &&'static str| match *head {
        "OUTPUT" => Column::Number(head),
        _ => Column::Detail((*head).to_owned()),
    };
    columns.extend(amounts[1..].iter().map(details));
    columns.extend(["OTHERWISE", "FROM", "WITHDRAWN"].map(Column::Text));
    table(&columns, &prices.iter().map(|price| price.row(in_force, currency)).collect::<Vec<_>>())
}

impl View {
    fn row(&self, in_force: &BTreeSet<String>, currency: &Currency) -> Vec<String> {
        let now = self.standing(in_force.contains(&self.id)).to_owned();
        let project = self.project.clone().unwrap_or_default();
        let names = [self.model.clone(), project, now, self.id.clone()];
        let rates = [&self.input, &self.cached_input, &self.output, &self.reasoning, &self.request];
        let withdrawn = self.withdrawn_at.clone().unwrap_or_default();
        names
            .into_iter()
            .chain(rates.map(|rate| currency.cell(rate)))
            .chain([self.otherwise(currency), self.effective_from.clone(), withdrawn])
            .collect()
    }

    fn standing(&self, in_force: bool) -> &'static str {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        match at(&self.effective_from) {
            _ if in_force => "in force",
            _ if self.withdrawn_at.is_some() => "withdrawn",
            Some(from) if from > crate::clock::now() => "to come",
            Some(_) | None => "replaced",
        }
    }

    /// What has no column: other units, and how many rules go before.
    fn otherwise(&self, currency: &Currency) -> String {
        let mut parts = vec![spelled(&self.others(), currency)];
        match self.conditional().count() {
            0 => {}
            1 => parts.push("1 rule before".to_owned()),
            many => parts.push(format!("{many} rules before")),
        }
        parts.retain(|part| !part.is_empty());
        parts.join(", ")
    }

    /// The last rule has no condition: its rates are told by themselves.
    fn conditional(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| !rule.when.is_empty())
    }

    fn others(&self) -> BTreeMap<String, String> {
        let named = |unit: &String| NAMED.contains(&unit.as_str());
        let others = self.rates.iter().filter(|(unit, _)| !named(unit));
        others.map(|(unit, rate)| (unit.clone(), rate.clone())).collect()
    }

    pub fn details(self, currency: &Currency) -> String {
        let per_million =
            |rate: &str| Some(format!("{} per million tokens", currency.amount(rate)));
        let others = self.others();
        let rules: Vec<String> = self.conditional().map(|rule| rule.line(currency)).collect();
        let mut lines = vec![
            ("id", Some(self.id)),
            ("model", Some(self.model)),
            ("project", self.project),
            ("input", per_million(&self.input)),
            ("cached input", per_million(&self.cached_input)),
            ("output", per_million(&self.output)),
            ("reasoning", per_million(&self.reasoning)),
            ("request", Some(format!("{} each", currency.amount(&self.request)))),
        ];
        let others = Some(spelled(&others, currency)).filter(|text| !text.is_empty());
        lines.push(("others", others));
        lines.extend(rules.into_iter().map(|rule| ("instead", Some(rule))));
        lines.extend([
            ("from", Some(self.effective_from)),
            ("set", Some(self.set_at)),
            ("withdrawn", self.withdrawn_at),
        ]);
        facts(&lines)
    }

    /// A price that differs in its id alone, as the API takes it.
    pub fn to_json(&self) -> Map<String, Value> {
        let rules: Vec<Value> = self.conditional().map(Rule::to_json).collect();
        let named = [
            ("input", &self.input),
            ("cached_input", &self.cached_input),
            ("output", &self.output),
            ("reasoning", &self.reasoning),
            ("request", &self.request),
        ];
        let rates = self.others();
        params::body([
            ("model", Some(json!(self.model))),
            ("project", self.project.as_ref().map(|project| json!(project))),
            ("rates", (!rates.is_empty()).then(|| json!(rates))),
            ("rules", (!rules.is_empty()).then_some(Value::Array(rules))),
            ("effective_from", Some(json!(self.effective_from))),
        ])
        .into_iter()
        .chain(named.map(|(name, rate)| (name.to_owned(), json!(rate))))
        .collect()
    }
}

impl Rule {
    fn to_json(&self) -> Value {
        json!({ "when": self.when, "rates": self.rates })
    }

    /// `context_above=200000: input 2.50 EUR, output 15.00 EUR`
    fn line(&self, currency: &Currency) -> String {
        let when = self.when.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        });
        let when = when.collect::<Vec<_>>().join(",");
        format!("{when}: {}", spelled(&self.rates, currency))
    }
}

fn spelled(rates: &BTreeMap<String, String>, currency: &Currency) -> String {
    let rate = |(unit, rate): (&String, &String)| {
        format!("{} {}", unit.replace('_', " "), currency.amount(rate))
    };
    rates.iter().map(rate).collect::<Vec<_>>().join(", ")
}
