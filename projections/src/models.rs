//! Which models were registered, and who answers for them?
//!
//! Read by `uplion model list` and `show`. One row a model, never deleted: its name is never used again.

mod stored;

use std::collections::BTreeSet;

use uplion_domain::{
    Event, ModelName, Timestamp,
    model::{self, Kind as ModelKind, Operations, ServingTerms, Upstream},
};

use self::stored::{TermsText, UpstreamText};
use crate::{
    columns::{Columns, json, maybe_count, maybe_json, maybe_time, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, Value, kinds},
};

pub const NAME: &str = "models";

pub struct Models;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub model: ModelName,
    pub kind: ModelKind,
    /// Empty if workers bring their own.
    pub upstreams: Vec<Upstream>,
    pub aliases: BTreeSet<ModelName>,
    /// None: as many as there are.
    pub max_processes: Option<u32>,
    /// None: not said.
    pub operations: Operations,
    pub terms: ServingTerms,
    pub registered_at: Timestamp,
    pub retired_at: Option<Timestamp>,
}

const COLUMNS: [Column; 9] = [
    Column::key("model", Kind::Text),
    // local or remote.
    Column::required("kind", Kind::Text),
    // JSON lists.
    Column::required("upstreams", Kind::Text),
    Column::required("aliases", Kind::Text),
    Column::nullable("max_processes", Kind::BigInt),
    // A JSON list.
    Column::nullable("operations", Kind::Text),
    // A JSON object of what was said.
    Column::required("terms", Kind::Text),
    Column::required("registered_at", Kind::BigInt),
    Column::nullable("retired_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the model's own name. Answers with a [`Model`].
pub static ONE: Statement = Statement {
    name: "models.one",
    sql: "SELECT * FROM {models} WHERE model = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`LIST`] is asked with. None: all.
    Listed {
        /// `local` or `remote`.
        kind: Option<String>,
        /// `registered` or `retired`.
        status: Option<String>,
        after: Option<ModelName>,
        limit: usize,
    }
}

/// Answers with [`Model`]s by name.
pub static LIST: Statement = Statement {
    name: "models.list",
    sql: "SELECT * FROM {models} WHERE (CAST(:kind AS TEXT) IS NULL OR kind = :kind) \
          AND (CAST(:status AS TEXT) IS NULL \
            OR :status = CASE WHEN retired_at IS NULL THEN 'registered' ELSE 'retired' END) \
          AND model > COALESCE(CAST(:after AS TEXT), '') ORDER BY model LIMIT :limit",
    parameters: Listed::KINDS,
    names: Listed::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for Models {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 4;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["model."];
    type Row = Model;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_model(event).map(|(name, _)| vec![text(name)])
    }

    fn fold_row(row: Option<Model>, event: &Recorded) -> Option<Model> {
        let (name, event) = of_model(event)?;
        match event {
            model::Event::Registered {
                kind,
                upstreams,
                aliases,
                max_processes,
                operations,
                at,
            } => Some(Model {
                model: name.clone(),
                kind: *kind,
                upstreams: upstreams.clone(),
                aliases: aliases.clone(),
                max_processes: *max_processes,
                operations: operations.clone(),
                terms: ServingTerms::default(),
                registered_at: *at,
                retired_at: None,
            }),
            model::Event::UpstreamsChanged { upstreams, at: _ } => {
                row.map(|row| Model { upstreams: upstreams.clone(), ..row })
            }
            model::Event::AliasesChanged { aliases, at: _ } => {
                row.map(|row| Model { aliases: aliases.clone(), ..row })
            }
            model::Event::KindChanged { kind, at: _ } => {
                row.map(|row| Model { kind: *kind, ..row })
            }
            model::Event::ProcessesChanged { max_processes, at: _ } => {
                row.map(|row| Model { max_processes: *max_processes, ..row })
            }
            model::Event::OperationsChanged { operations, at: _ } => {
                row.map(|row| Model { operations: operations.clone(), ..row })
            }
            model::Event::TermsChanged { terms, at: _ } => {
                row.map(|row| Model { terms: *terms, ..row })
            }
            model::Event::Retired { at } => row.map(|row| Model { retired_at: Some(*at), ..row }),
        }
    }
}

fn of_model(event: &Recorded) -> Option<(&ModelName, &model::Event)> {
    match &event.envelope.event {
        Event::Model(name, event) => Some((name, event)),
        Event::Installation(..)
        | Event::Project(..)
        | Event::ApiKey(..)
        | Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}

fn operations_from(columns: &mut Columns) -> Operations {
    let words: Vec<String> = maybe_json(columns)?;
    Some(words.iter().map(|word| columns.read(word)).collect())
}

fn operations_text(operations: Operations) -> Value {
    operations
        .map_or(Value::Null, |all| json(&all.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

impl TypedRow for Model {
    fn from_columns(columns: &mut Columns) -> Self {
        let (model, kind) = (columns.parsed(), columns.parsed());
        let upstreams: Vec<UpstreamText> = maybe_json(columns).unwrap_or_default();
        let upstreams = upstreams.into_iter().map(|upstream| upstream.read(columns)).collect();
        let aliases: Vec<String> = maybe_json(columns).unwrap_or_default();
        Self {
            model,
            kind,
            upstreams,
            aliases: aliases.iter().map(|alias| columns.read(alias)).collect(),
            max_processes: columns.maybe_count().and_then(|count| u32::try_from(count).ok()),
            operations: operations_from(columns),
            terms: maybe_json::<TermsText>(columns).unwrap_or_default().read(),
            registered_at: columns.time(),
            retired_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self {
            model,
            kind,
            upstreams,
            aliases,
            max_processes,
            operations,
            terms,
            registered_at,
            retired_at,
        } = self;
        let upstreams: Vec<_> = upstreams.into_iter().map(UpstreamText::of).collect();
        let aliases: Vec<_> = aliases.iter().map(ToString::to_string).collect();
        vec![
            text(model),
            text(kind),
            json(&upstreams),
            json(&aliases),
            maybe_count(max_processes.map(u64::from)),
            operations_text(operations),
            json(&TermsText::of(terms)),
            time(registered_at),
            maybe_time(retired_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::model::Credential;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn models(events: impl IntoIterator<Item = model::Event>) -> Vec<Model> {
        let name = || "llama-3.1".parse().unwrap();
        rows(&Models, events.into_iter().map(|event| control(Event::Model(name(), event))))
    }

    fn registered() -> model::Event {
        model::Event::Registered {
            kind: ModelKind::Local,
            upstreams: vec![],
            aliases: BTreeSet::new(),
            max_processes: None,
            operations: None,
            at: START,
        }
    }

    fn upstreams() -> Vec<Upstream> {
        let model: ModelName = "smollm2".parse().unwrap();
        let local = Upstream::new("http://127.0.0.1:9200/v1", model.clone(), 4);
        let credentials = [
            Credential::Environment("EXAMPLE_KEY".into()),
            Credential::Secret { name: "example".into(), key: "api-key".into() },
        ];
        let remote = credentials.map(|credential| Upstream {
            credential: Some(credential),
            weight: 3,
            ..Upstream::new("https://api.example.org/v1", model.clone(), 4)
        });
        std::iter::once(local).chain(remote).collect()
    }

    #[test]
    fn a_model_is_of_the_kind_that_it_was_last_called() {
        let remote = model::Event::KindChanged { kind: ModelKind::Remote, at: seconds(1) };
        let two = model::Event::ProcessesChanged { max_processes: Some(2), at: seconds(1) };
        let models = models([registered(), remote, two]);
        assert_eq!((models[0].kind, models[0].max_processes), (ModelKind::Remote, Some(2)));
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
    fn a_model_serves_the_operations_that_were_said_last() {
        let embedding = Some([uplion_domain::Operation::EMBEDDING].into());
        let changed = |operations| model::Event::OperationsChanged { operations, at: seconds(1) };
        assert_eq!(models([registered()])[0].operations, None);
        let said = models([registered(), changed(embedding.clone())]).remove(0);
        assert_eq!(said.operations, embedding);
        assert_eq!(
            models([registered(), changed(said.operations), changed(None)])[0].operations,
            None
        );
    }

    #[test]
    fn a_model_is_served_on_the_terms_that_were_said_last() {
        let changed = |terms| model::Event::TermsChanged { terms, at: seconds(1) };
        let terms = ServingTerms { deadline_s: Some(1_200), ..ServingTerms::default() };
        let more = ServingTerms { attempts: Some(5), wait_for_worker_s: Some(0), ..terms };
        assert_eq!(models([registered()])[0].terms, ServingTerms::default());
        assert_eq!(models([registered(), changed(terms), changed(more)])[0].terms, more);
    }

    #[test]
    fn a_retired_model_stays_in_the_list() {
        let models = models([registered(), model::Event::Retired { at: seconds(1) }]);
        assert_eq!((models[0].registered_at, models[0].retired_at), (START, Some(seconds(1))));
    }
}
