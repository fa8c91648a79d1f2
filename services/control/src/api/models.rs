//! Models: register, list, show, change who answers for them and what else they are called, retire.

use std::collections::BTreeSet;

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use uplion_domain::{
    ModelName,
    model::{self, Credential, Kind, Model, Upstream},
};
use uplion_projections::{columns, models, projection::TypedRow, table::Value};

use super::{
    Tag,
    page::{self, Found, Page, current},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers,
    names::Names,
    permissions::Operation,
    problem::Problem,
    reading::Reader,
    receipt::{Answer, Written},
    write::{Said, Writer},
};

const DEFAULT_MAX_IN_FLIGHT: u32 = 16;

pub struct Models {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
}

/// An OpenAI-compatible server that answers for a model.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Upstream", deny_unknown_fields)]
struct UpstreamView {
    /// Up to and including `/v1`.
    url: String,
    /// What that server calls the model; the same if left out.
    model: Option<String>,
    /// The environment variable of the worker that holds what the server wants as bearer token.
    api_key_env: Option<String>,
    /// Requests at once; 16 if left out.
    max_in_flight: Option<u32>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct NewModel {
    /// What clients call it: never used again, also not after the model is retired.
    name: String,
    /// None: served by workers that bring their own.
    #[oai(default)]
    upstreams: Vec<UpstreamView>,
    /// Other names that lead to it.
    #[oai(default)]
    aliases: Vec<String>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Upstreams {
    /// These answer from now on, and no others.
    upstreams: Vec<UpstreamView>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Aliases {
    /// All its other names from now on.
    aliases: Vec<String>,
}

/// A model that clients can name.
#[derive(Debug, Object)]
#[oai(rename = "Model")]
struct ModelView {
    name: String,
    upstreams: Vec<UpstreamView>,
    aliases: Vec<String>,
    /// `registered` or `retired`.
    status: String,
    registered_at: String,
    retired_at: Option<String>,
}

#[OpenApi(tag = "Tag::Models")]
impl Models {
    /// Register a model
    #[oai(path = "/models", method = "post", operation_id = "register_model")]
    async fn register(
        &self,
        auth: Auth,
        /// Said again with the same key, the command is carried out once.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Json<NewModel>,
    ) -> Result<Answer<Written>, Problem> {
        let caller = auth.0.may(Operation::RegisterModel, Target::Installation)?;
        let command = format!("register model {}", body.to_json_string());
        let said = Said::new(caller, None, idempotency_key.0, &command)?;
        let id = name(&body.name)?;
        let upstreams = upstreams(&body.upstreams, &id)?;
        let aliases = aliases(&body.aliases, &id)?;
        let register = |at| model::Command::Register {
            kind: Kind::of(&upstreams),
            upstreams: upstreams.clone(),
            aliases: aliases.clone(),
            max_processes: None,
            at,
        };
        Ok(self.writer.execute::<Model>(&id, &said, register).await?.created())
    }

    /// List models
    #[oai(path = "/models", method = "get", operation_id = "list_models")]
    async fn list(
        &self,
        auth: Auth,
        /// Those whose names come after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        /// See also the write that was answered with this position.
        #[oai(name = "Uplion-Position")]
        position: Header<Option<String>>,
        /// The same as `Uplion-Position`.
        at: Query<Option<String>>,
    ) -> Result<Json<Page<ModelView>>, Problem> {
        auth.0.may(Operation::ListModels, Target::Installation)?;
        let position = headers::position(position.0.as_deref(), at.0.as_deref())?;
        self.reader.at(position, &[models::NAME]).await?;
        let limit = page::limit(limit.0);
        let after = columns::maybe_text(after.0);
        let parameters = [Value::Null, Value::Null, after, page::limit_value(limit)];
        let rows = self.reader.query(&models::LIST, &parameters, models::Model::from_row).await?;
        Ok(Json(Page::of(rows, limit, |row| row.model.to_string(), ModelView::of)))
    }

    /// Show a model
    #[oai(path = "/models/:model", method = "get", operation_id = "get_model")]
    async fn show(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
    ) -> Result<Found<ModelView>, Problem> {
        auth.0.may(Operation::GetModel, Target::Installation)?;
        let id = self.names.model(&model).await?;
        let events = self.writer.events.as_ref();
        match current::<Model, _>(events, &id, &models::Models).await? {
            Some((version, row)) => Ok(Found::at(version, ModelView::of(row))),
            None => Err(Problem::not_found(format!("there is no model {id}"))),
        }
    }

    /// Change who answers for a model
    #[oai(path = "/models/:model/upstreams", method = "put", operation_id = "change_upstreams")]
    async fn change_upstreams(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        /// The version that you saw last; without it the last writer wins.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: Json<Upstreams>,
    ) -> Result<Answer<Written>, Problem> {
        let caller = auth.0.may(Operation::ChangeUpstreams, Target::Installation)?;
        let said = Said::new(caller, if_match.0.as_deref(), None, "")?;
        let id = self.names.model(&model).await?;
        let upstreams = upstreams(&body.upstreams, &id)?;
        let change = |at| model::Command::ChangeUpstreams { upstreams: upstreams.clone(), at };
        Ok(self.writer.execute::<Model>(&id, &said, change).await?.changed())
    }

    /// Change a model's other names
    #[oai(path = "/models/:model/aliases", method = "put", operation_id = "change_aliases")]
    async fn change_aliases(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        /// The version that you saw last; without it the last writer wins.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: Json<Aliases>,
    ) -> Result<Answer<Written>, Problem> {
        let caller = auth.0.may(Operation::ChangeAliases, Target::Installation)?;
        let said = Said::new(caller, if_match.0.as_deref(), None, "")?;
        let id = self.names.model(&model).await?;
        let aliases = aliases(&body.aliases, &id)?;
        let change = |at| model::Command::ChangeAliases { aliases: aliases.clone(), at };
        Ok(self.writer.execute::<Model>(&id, &said, change).await?.changed())
    }

    /// Retire a model
    ///
    /// For ever: its name is never used again. Its aliases are free for others.
    #[oai(path = "/models/:model/retire", method = "post", operation_id = "retire_model")]
    async fn retire(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        /// The version that you saw last.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Answer<Written>, Problem> {
        let caller = auth.0.may(Operation::RetireModel, Target::Installation)?;
        let said = Said::new(caller, if_match.0.as_deref(), None, "")?;
        let id = self.names.model(&model).await?;
        let retire = |at| model::Command::Retire { at };
        Ok(self.writer.execute::<Model>(&id, &said, retire).await?.changed())
    }
}

impl ModelView {
    fn of(row: models::Model) -> Self {
        let models::Model { model, upstreams, aliases, registered_at, retired_at, .. } = row;
        Self {
            name: model.to_string(),
            upstreams: upstreams.into_iter().map(UpstreamView::of).collect(),
            aliases: aliases.iter().map(ToString::to_string).collect(),
            status: if retired_at.is_some() { "retired" } else { "registered" }.to_owned(),
            registered_at: registered_at.to_string(),
            retired_at: retired_at.map(|at| at.to_string()),
        }
    }
}

impl UpstreamView {
    fn of(upstream: Upstream) -> Self {
        let Upstream { url, model, credential, weight: _, max_in_flight } = upstream;
        let api_key_env = credential.and_then(|credential| match credential {
            Credential::Environment(name) => Some(name),
            Credential::Secret { .. } => None,
        });
        let (model, max_in_flight) = (Some(model.to_string()), Some(max_in_flight));
        Self { url, model, api_key_env, max_in_flight }
    }

    fn read(&self, of: &ModelName) -> Result<Upstream, Problem> {
        let Self { url, model, api_key_env, max_in_flight } = self.clone();
        Ok(Upstream {
            // A slash at the end would become two when the worker adds its path.
            url: url.trim_end_matches('/').to_owned(),
            model: model.as_deref().map_or_else(|| Ok(of.clone()), name)?,
            credential: api_key_env.map(Credential::Environment),
            weight: 1,
            max_in_flight: max_in_flight.unwrap_or(DEFAULT_MAX_IN_FLIGHT),
        })
    }
}

fn upstreams(views: &[UpstreamView], of: &ModelName) -> Result<Vec<Upstream>, Problem> {
    views.iter().map(|view| view.read(of)).collect()
}

/// Its own name among the aliases says nothing new.
fn aliases(texts: &[String], of: &ModelName) -> Result<BTreeSet<ModelName>, Problem> {
    let names: Result<BTreeSet<_>, _> = texts.iter().map(|text| name(text)).collect();
    Ok(names?.into_iter().filter(|alias| alias != of).collect())
}

fn name(text: &str) -> Result<ModelName, Problem> {
    text.parse().map_err(|error| Problem::unacceptable("rejected", format!("{error}")))
}
