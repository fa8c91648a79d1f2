//! Which models were registered, and who answers for them?
//!
//! Read by `uplion model list` and `show`. One row a model, never deleted: its name is never used again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uplion_domain::{
    Event, ModelName, Timestamp,
    model::{self, Credential, Upstream},
};

use crate::{
    columns::{Columns, json, maybe_json, maybe_time, text, time},
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "models";

pub struct Models;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub model: ModelName,
    /// Empty if workers bring their own.
    pub upstreams: Vec<Upstream>,
    pub aliases: BTreeSet<ModelName>,
    pub registered_at: Timestamp,
    pub retired_at: Option<Timestamp>,
}

const COLUMNS: [Column; 5] = [
    Column::key("model", Kind::Text),
    // JSON lists.
    Column::required("upstreams", Kind::Text),
    Column::required("aliases", Kind::Text),
    Column::required("registered_at", Kind::BigInt),
    Column::nullable("retired_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the model's own name. Answers with a [`Model`].
pub static ONE: Statement = Statement {
    name: "models.one",
    sql: "SELECT * FROM {models} WHERE model = $1",
    parameters: &[Kind::Text],
    columns: &kinds(&COLUMNS),
};

/// `$1`: a model, of which those behind it are wanted; null from the first on. `$2`: how many.
/// Answers with [`Model`]s by name, also retired ones.
pub static LIST: Statement = Statement {
    name: "models.list",
    sql: "SELECT * FROM {models} WHERE model > COALESCE(CAST($1 AS TEXT), '') \
          ORDER BY model LIMIT $2",
    parameters: &[Kind::Text, Kind::BigInt],
    columns: &kinds(&COLUMNS),
};

impl Fold for Models {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    type Row = Model;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_model(event).map(|(name, _)| vec![text(name)])
    }

    fn fold_row(row: Option<Model>, event: &Recorded) -> Option<Model> {
        let (name, event) = of_model(event)?;
        match event {
            model::Event::Registered { upstreams, aliases, at } => Some(Model {
                model: name.clone(),
                upstreams: upstreams.clone(),
                aliases: aliases.clone(),
                registered_at: *at,
                retired_at: None,
            }),
            model::Event::UpstreamsChanged { upstreams, at: _ } => {
                row.map(|row| Model { upstreams: upstreams.clone(), ..row })
            }
            model::Event::AliasesChanged { aliases, at: _ } => {
                row.map(|row| Model { aliases: aliases.clone(), ..row })
            }
            model::Event::Retired { at } => row.map(|row| Model { retired_at: Some(*at), ..row }),
        }
    }
}

fn of_model(event: &Recorded) -> Option<(&ModelName, &model::Event)> {
    match &event.envelope.event {
        Event::Model(name, event) => Some((name, event)),
        Event::Project(..)
        | Event::ApiKey(..)
        | Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}

/// An upstream as it stands in the column.
#[derive(Serialize, Deserialize)]
struct UpstreamText {
    url: String,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key_env: Option<String>,
    max_in_flight: u32,
}

impl UpstreamText {
    fn of(upstream: Upstream) -> Self {
        let Upstream { url, model, credential, max_in_flight } = upstream;
        let api_key_env = credential.map(|credential| match credential {
            Credential::Environment(name) => name,
        });
        Self { url, model: model.to_string(), api_key_env, max_in_flight }
    }

    fn read(self, columns: &Columns) -> Upstream {
        let Self { url, model, api_key_env, max_in_flight } = self;
        let credential = api_key_env.map(Credential::Environment);
        Upstream { url, model: columns.read(&model), credential, max_in_flight }
    }
}

impl TypedRow for Model {
    fn from_columns(columns: &mut Columns) -> Self {
        let model = columns.parsed();
        let upstreams: Vec<UpstreamText> = maybe_json(columns).unwrap_or_default();
        let upstreams = upstreams.into_iter().map(|upstream| upstream.read(columns)).collect();
        let aliases: Vec<String> = maybe_json(columns).unwrap_or_default();
        Self {
            model,
            upstreams,
            aliases: aliases.iter().map(|alias| columns.read(alias)).collect(),
            registered_at: columns.time(),
            retired_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { model, upstreams, aliases, registered_at, retired_at } = self;
        let upstreams: Vec<_> = upstreams.into_iter().map(UpstreamText::of).collect();
        let aliases: Vec<_> = aliases.iter().map(ToString::to_string).collect();
        let (registered_at, retired_at) = (time(registered_at), maybe_time(retired_at));
        vec![text(model), json(&upstreams), json(&aliases), registered_at, retired_at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{START, control, rows, seconds};

    fn models(events: impl IntoIterator<Item = model::Event>) -> Vec<Model> {
        let name = || "llama-3.1".parse().unwrap();
        rows(&Models, events.into_iter().map(|event| control(Event::Model(name(), event))))
    }

    fn registered() -> model::Event {
        model::Event::Registered { upstreams: vec![], aliases: BTreeSet::new(), at: START }
    }

    fn upstreams() -> Vec<Upstream> {
        let local = Upstream {
            url: "http://127.0.0.1:9200/v1".into(),
            model: "smollm2".parse().unwrap(),
            credential: None,
            max_in_flight: 4,
        };
        let credential = Some(Credential::Environment("EXAMPLE_KEY".into()));
        let url = "https://api.example.org/v1".into();
        vec![local.clone(), Upstream { url, credential, ..local }]
    }

    #[test]
    fn a_model_is_answered_for_by_its_latest_upstreams() {
        let changed = model::Event::UpstreamsChanged { upstreams: upstreams(), at: seconds(1) };
        assert_eq!(models([registered()])[0].upstreams, []);
        assert_eq!(models([registered(), changed])[0].upstreams, upstreams());
    }

    #[test]
    fn a_model_goes_by_its_latest_aliases() {
        let aliases: BTreeSet<ModelName> =
            ["llama", "best"].map(|name| name.parse().unwrap()).into();
        let changed = model::Event::AliasesChanged { aliases: aliases.clone(), at: seconds(1) };
        assert_eq!(models([registered(), changed])[0].aliases, aliases);
    }

    #[test]
    fn a_retired_model_stays_in_the_list() {
        let models = models([registered(), model::Event::Retired { at: seconds(1) }]);
        assert_eq!((models[0].registered_at, models[0].retired_at), (START, Some(seconds(1))));
    }
}
