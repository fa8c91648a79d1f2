//! `uplion changes`: who changed one thing, when, why, and from what to what.

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::Client,
    endpoint,
    failure::Failure,
    key,
    output::{self, Format, named},
    user,
};

#[derive(Debug, Clone, Args)]
pub struct Changes {
    kind: Kind,
    /// Its id. A project's, a model's or a key's name will do, and a user's e-mail address.
    id: String,
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
        let id = match self.kind {
            Kind::Key => key::id(&client, &self.id).await?,
            Kind::User => user::id(&client, &self.id).await?,
            Kind::Project | Kind::Session | Kind::AdminKey | Kind::Model | Kind::Price => self.id,
        };
        let query = [("kind", self.kind.as_str().to_owned()), ("id", id)];
        let changes = client.list(&["changes"], &query).await?;
        output::print_list(self.format, changes, |changes: &[Change]| {
            changes.iter().map(Change::lines).collect::<Vec<_>>().join("\n")
        })
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
