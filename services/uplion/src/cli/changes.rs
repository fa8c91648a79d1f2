//! `uplion changes`: who changed one thing, when, why, and from what to what.

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::{Client, read},
    endpoint,
    failure::Failure,
    key,
    output::{self, Format, named},
    params,
    table::{Column, table},
    user,
};

#[derive(Debug, Clone, Args)]
pub struct Changes {
    /// Of what; without it, whatever happened last, the newest first.
    #[arg(requires = "id")]
    kind: Option<Kind>,
    /// Its id. A project's, a model's or a key's name will do, and a user's e-mail address.
    id: Option<String>,
    /// Without a thing: how many of the newest.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Project,
    User,
    Session,
    #[value(alias = "admin_key")]
    AdminKey,
    #[value(alias = "api_key")]
    Key,
    Model,
    Price,
}

#[derive(Deserialize)]
struct Change {
    version: u64,
    #[serde(rename = "type")]
    kind: String,
    at: String,
    actor: Option<String>,
    actor_name: Option<String>,
    reason: Option<String>,
    source_address: Option<String>,
    fields: Vec<Field>,
}

/// An event of the control plane.
#[derive(Deserialize)]
struct Recent {
    event: CloudEvent,
    actor_name: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct CloudEvent {
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    actor: Option<String>,
    data: Value,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
}

impl Changes {
    pub async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.control.endpoint()?)?;
        let (Some(kind), Some(id)) = (self.kind, self.id) else {
            return lately(&client, self.format, self.limit).await;
        };
        let id = match kind {
            Kind::Key => key::id(&client, &id).await?,
            Kind::User => user::id(&client, &id).await?,
            Kind::Project | Kind::Session | Kind::AdminKey | Kind::Model | Kind::Price => id,
        };
        let query = [("kind", kind.as_str().to_owned()), ("id", id)];
        let changes = client.list(&["changes"], &query).await?;
        if self.format.json {
            return output::print_json(&Value::Array(changes));
        }
        let changes = changes.into_iter().map(read).collect::<Result<Vec<Change>, _>>()?;
        output::print(&changes.iter().map(Change::lines).collect::<Vec<_>>().join("\n"))
    }
}

/// Of everything in the control plane, as its events tell it.
async fn lately(client: &Client, format: Format, limit: u64) -> Result<(), Failure> {
    let query = params::query([
        ("stream", Some("CONTROL".to_owned())),
        ("order", Some("newest".to_owned())),
        ("limit", Some(limit.to_string())),
    ]);
    let Value::Array(events) = client.get(&["events"], &query).await?["data"].take() else {
        return Err(Failure::Local("control answered with no list of events".to_owned()));
    };
    output::print_list(format, events, |events: &[Recent]| {
        let columns = ["AT", "WHAT", "OF", "BY", "BECAUSE"].map(Column::Text);
        table(&columns, &events.iter().map(Recent::row).collect::<Vec<_>>())
    })
}

impl Recent {
    fn row(&self) -> Vec<String> {
        let Self { event, actor_name, reason } = self;
        let kind = event.kind.trim_start_matches("uplion.");
        let kind = kind.rsplit_once(".v").map_or(kind, |(kind, _)| kind);
        // `control.model.llama`: what it is about.
        let thing = event.subject.splitn(3, '.').nth(2).unwrap_or(&event.subject);
        let thing = percent_encoding::percent_decode_str(thing).decode_utf8_lossy().into_owned();
        let name =
            event.data["name"].as_str().map_or(thing.clone(), |name| named(Some(name), &thing));
        let who = event.actor.as_ref().map(|actor| match actor_name {
            Some(name) => name.clone(),
            None => actor.clone(),
        });
        let texts = [who, reason.clone()].map(Option::unwrap_or_default);
        [event.time.clone(), kind.to_owned(), name].into_iter().chain(texts).collect()
    }
}

impl Kind {
    /// As the log calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::User => "user",
            Self::Session => "session",
            Self::AdminKey => "admin_key",
            Self::Key => "api_key",
            Self::Model => "model",
            Self::Price => "price",
        }
    }
}

impl Change {
    fn lines(&self) -> String {
        let Self { version, kind, at, actor, actor_name, reason, source_address, fields } = self;
        let kind = kind.trim_start_matches("uplion.");
        let kind = kind.rsplit_once(".v").map_or(kind, |(kind, _)| kind);
        let who = actor.as_ref().map_or_else(String::new, |actor| {
            format!("  by {}", named(actor_name.as_deref(), actor))
        });
        let from = source_address.as_ref().map_or_else(String::new, |from| format!(" from {from}"));
        let mut lines = vec![format!("{version:>4}  {at}  {kind}{who}{from}")];
        lines.extend(reason.as_ref().map(|reason| format!("      because: {reason}")));
        lines.extend(fields.iter().map(|field| format!("      {}", field.line())));
        lines.join("\n")
    }
}

impl Field {
    fn line(&self) -> String {
        let Self { name, before, after } = self;
        match (before, after) {
            (Value::Null, after) => format!("{name}: {after}"),
            (before, Value::Null) => format!("{name}: {before} → nothing"),
            (before, after) => format!("{name}: {before} → {after}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_says_who_when_why_and_from_what_to_what() {
        let change: Change = serde_json::from_value(json!({
            "version": 2, "id": "x", "type": "uplion.project.renamed.v1", "at": "2026-11-23T08:33:20Z",
            "actor": "usr_1", "actor_name": "Ada", "reason": "a new term", "source_address": "192.0.2.1",
            "fields": [
                { "name": "name", "before": "physics", "after": "chemistry" },
                { "name": "budget", "before": null, "after": { "amount": "1" } },
                { "name": "limits", "before": 1 },
            ],
        }))
        .unwrap();
        assert_eq!(
            change.lines(),
            "   2  2026-11-23T08:33:20Z  project.renamed  by Ada (usr_1) from 192.0.2.1\n      \
             because: a new term\n      \
             name: \"physics\" → \"chemistry\"\n      \
             budget: {\"amount\":\"1\"}\n      \
             limits: 1 → nothing"
        );
    }
}
