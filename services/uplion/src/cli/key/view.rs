//! Keys, as people see them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::{
    allowance::{Budget, LimitsView},
    money::Currency,
    output::{facts, named},
    table::{Column, Table, table},
};

#[derive(Debug, Deserialize)]
pub struct View {
    pub id: String,
    pub name: String,
    description: String,
    project: String,
    project_name: Option<String>,
    owner: Option<String>,
    models: Option<Vec<String>>,
    pub status: String,
    expires_at: Option<String>,
    token_quota: Option<u64>,
    tokens_used: u64,
    cost: String,
    last_used_at: Option<String>,
    budget: Option<Budget>,
    limits: Option<LimitsView>,
    model_limits: BTreeMap<String, LimitsView>,
    issued_at: String,
    rotated_at: Option<String>,
    previous_secret_until: Option<String>,
    revoked_at: Option<String>,
}

pub fn list_table(keys: &[View], currency: &Currency) -> Table {
    let columns = [
        Column::Text("NAME"),
        Column::Text("ID"),
        Column::Text("PROJECT"),
        Column::Text("MODELS"),
        Column::Text("STATUS"),
        Column::Number("TOKENS"),
        Column::Named(currency.head("COST")),
        Column::Text("EXPIRES"),
    ];
    let row = |key: &View| {
        let project = key.project_name.as_ref().unwrap_or(&key.project);
        vec![
            key.name.clone(),
            key.id.clone(),
            project.clone(),
            key.may_use(),
            key.status.clone(),
            key.tokens(),
            currency.cell(&key.cost),
            key.expires_at.clone().unwrap_or_default(),
        ]
    };
    table(&columns, &keys.iter().map(row).collect::<Vec<_>>())
}

impl View {
    pub fn may_use(&self) -> String {
        self.models.as_ref().map_or_else(|| "all".to_owned(), |models| models.join(", "))
    }

    /// `300 of 1000`
    fn tokens(&self) -> String {
        match self.token_quota {
            Some(quota) => format!("{} of {quota}", self.tokens_used),
            None => self.tokens_used.to_string(),
        }
    }

    pub fn details(self, currency: &Currency) -> String {
        let (may_use, tokens) = (self.may_use(), self.tokens());
        let project = named(self.project_name.as_deref(), &self.project);
        let mut lines = vec![
            ("name", Some(self.name)),
            ("id", Some(self.id)),
            ("description", Some(self.description).filter(|text| !text.is_empty())),
            ("project", Some(project)),
            ("owner", self.owner),
            ("models", Some(may_use)),
            ("status", Some(self.status)),
            ("tokens", Some(tokens)),
            ("cost", Some(currency.amount(&self.cost))),
            ("last used", self.last_used_at),
            ("budget", self.budget.map(|budget| budget.text_in(currency))),
            ("limits", self.limits.map(|limits| limits.to_string())),
        ];
        let by_model = |(model, limits)| ("limits", Some(format!("{model}: {limits}")));
        lines.extend(self.model_limits.into_iter().map(by_model));
        lines.extend([
            ("expires", self.expires_at),
            ("issued", Some(self.issued_at)),
            ("rotated", self.rotated_at),
            ("the secret before until", self.previous_secret_until),
            ("revoked", self.revoked_at),
        ]);
        facts(&lines)
    }
}
