//! Models, as they are told to people.

use serde::Deserialize;

use crate::cli::{
    answer::facts,
    table::{Column, table},
};

#[derive(Debug, Deserialize)]
pub struct Shown {
    name: String,
    kind: String,
    upstreams: Vec<ShownUpstream>,
    aliases: Vec<String>,
    max_processes: Option<u32>,
    status: String,
    registered_at: String,
    retired_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct ShownUpstream {
    pub id: String,
    pub url: String,
    model: String,
    api_key_env: Option<String>,
    api_key_secret: Option<SecretKey>,
    weight: u32,
    max_in_flight: u32,
}

#[derive(Debug, Deserialize)]
struct SecretKey {
    name: String,
    key: String,
}

pub fn listed(models: &[Shown]) -> String {
    let columns =
        ["NAME", "KIND", "ALIASES", "UPSTREAMS", "STATUS", "REGISTERED"].map(Column::Text);
    let row = |model: &Shown| {
        let upstreams: Vec<&str> =
            model.upstreams.iter().map(|upstream| upstream.url.as_str()).collect();
        vec![
            model.name.clone(),
            model.kind.clone(),
            model.aliases.join(", "),
            upstreams.join(", "),
            model.status.clone(),
            model.registered_at.clone(),
        ]
    };
    table(&columns, &models.iter().map(row).collect::<Vec<_>>())
}

pub fn listed_upstreams(upstreams: &[ShownUpstream]) -> String {
    let columns = [
        Column::Text("ID"),
        Column::Text("URL"),
        Column::Text("AS"),
        Column::Number("WEIGHT"),
        Column::Number("AT ONCE"),
        Column::Text("KEY"),
    ];
    let row = |upstream: &ShownUpstream| {
        vec![
            upstream.id.clone(),
            upstream.url.clone(),
            upstream.model.clone(),
            upstream.weight.to_string(),
            upstream.max_in_flight.to_string(),
            upstream.key().unwrap_or_default(),
        ]
    };
    table(&columns, &upstreams.iter().map(row).collect::<Vec<_>>())
}

impl Shown {
    pub fn told(self) -> String {
        let Self {
            name,
            kind,
            upstreams,
            aliases,
            max_processes,
            status,
            registered_at,
            retired_at,
        } = self;
        let aliases = (!aliases.is_empty()).then(|| aliases.join(", "));
        let mut lines = vec![
            ("name", Some(name)),
            ("kind", Some(kind)),
            ("aliases", aliases),
            ("status", Some(status)),
            ("processes", max_processes.map(|most| format!("at most {most}"))),
            ("registered", Some(registered_at)),
            ("retired", retired_at),
        ];
        lines.extend(upstreams.iter().map(|upstream| ("upstream", Some(upstream.told()))));
        facts(&lines)
    }
}

impl ShownUpstream {
    /// Where it is: the key itself is nowhere here.
    fn key(&self) -> Option<String> {
        let variable = self.api_key_env.as_ref().map(|name| format!("${name}"));
        let secret = |SecretKey { name, key }: &SecretKey| format!("{key} of Secret {name}");
        variable.or_else(|| self.api_key_secret.as_ref().map(secret))
    }

    fn told(&self) -> String {
        let Self { url, model, weight, max_in_flight, .. } = self;
        let key = self.key().map(|key| format!(", key in {key}")).unwrap_or_default();
        format!("{url} as {model}, {max_in_flight} at once, weight {weight}{key}")
    }
}
