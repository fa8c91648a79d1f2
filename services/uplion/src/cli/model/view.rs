//! Models, as people see them.

use serde::Deserialize;

use super::terms::TermsView;
use crate::cli::{
    output::facts,
    table::{Column, Table, table},
};

#[derive(Debug, Deserialize)]
pub struct View {
    name: String,
    kind: String,
    upstreams: Vec<UpstreamView>,
    aliases: Vec<String>,
    max_processes: Option<u32>,
    operations: Option<Vec<String>>,
    terms: TermsView,
    status: String,
    registered_at: String,
    retired_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct UpstreamView {
    pub id: String,
    pub url: String,
    model: String,
    api_key_env: Option<String>,
    api_key_secret: Option<SecretKey>,
    weight: u32,
    max_in_flight: u32,
    stream_options: String,
}

#[derive(Debug, Deserialize)]
struct SecretKey {
    name: String,
    key: String,
}

pub fn list_table(models: &[View]) -> Table {
    let columns =
        ["NAME", "KIND", "ALIASES", "UPSTREAMS", "STATUS", "REGISTERED"].map(|head| match head {
            "REGISTERED" => Column::Aside(head),
            _ => Column::Text(head),
        });
    let row = |model: &View| {
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

pub fn upstream_table(upstreams: &[UpstreamView]) -> Table {
    let columns = [
        Column::Text("ID"),
        Column::Text("URL"),
        Column::Text("AS"),
        Column::Number("WEIGHT"),
        Column::Number("AT ONCE"),
        Column::Text("KEY"),
        Column::Aside("ASKED FOR USAGE"),
    ];
    let row = |upstream: &UpstreamView| {
        vec![
            upstream.id.clone(),
            upstream.url.clone(),
            upstream.model.clone(),
            upstream.weight.to_string(),
            upstream.max_in_flight.to_string(),
            upstream.key().unwrap_or_default(),
            upstream.stream_options.clone(),
        ]
    };
    table(&columns, &upstreams.iter().map(row).collect::<Vec<_>>())
}

impl View {
    pub fn details(self) -> String {
        let Self {
            name,
            kind,
            upstreams,
            aliases,
            max_processes,
            operations,
            terms,
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
            ("operations", operations.map(|operations| operations.join(", "))),
            ("registered", Some(registered_at)),
            ("retired", retired_at),
        ];
        lines.extend(terms.facts());
        lines.extend(upstreams.iter().map(|upstream| ("upstream", Some(upstream.line()))));
        facts(&lines)
    }
}

impl UpstreamView {
    /// Where it is: the key itself is nowhere here.
    fn key(&self) -> Option<String> {
        let variable = self.api_key_env.as_ref().map(|name| format!("${name}"));
        let secret = |SecretKey { name, key }: &SecretKey| format!("{key} of Secret {name}");
        variable.or_else(|| self.api_key_secret.as_ref().map(secret))
    }

    fn line(&self) -> String {
        let Self { id: _, url, model, weight, max_in_flight, stream_options, .. } = self;
        let key = self.key().map(|key| format!(", key in {key}")).unwrap_or_default();
        let asked = match stream_options.as_str() {
            "auto" => String::new(),
            when => format!(", {when} asked for usage"),
        };
        format!("{url} as {model}, {max_in_flight} at once, weight {weight}{key}{asked}")
    }
}
