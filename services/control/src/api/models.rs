//! Models: register, list, show, change, retire.

mod terms;
mod upstreams;
mod view;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{
    ModelName, Timestamp,
    model::{Command, Kind, Model},
};
use uplion_projections::{columns, models, projection::TypedRow};

pub use self::upstreams::ModelUpstreams;
use self::{
    terms::{ChangedTerms, TermsView},
    view::{
        Aliases, ChangedModel, ModelKind, ModelStatus, ModelView, NewModel, aliases, name,
        operations, upstreams as parse_upstreams,
    },
};
use super::{
    Tag,
    page::{self, Page, Versioned, current_row},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers::{ChangeHeaders, CreateHeaders, ReadAt},
    names::Names,
    permissions::Action,
    problem::Problem,
    reading::Reader,
    receipt::{WriteResponse, Written},
    write::Writer,
};

pub struct Models {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
}

#[OpenApi(tag = "Tag::Models")]
impl Models {
    /// Register a model
    #[oai(path = "/models", method = "post", operation_id = "register_model")]
    async fn register(
        &self,
        auth: Auth,
        headers: CreateHeaders,
        body: Json<NewModel>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::RegisterModel, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = name(&body.name)?;
        let upstreams = parse_upstreams(&body.upstreams, &id)?;
        let aliases = aliases(&body.aliases, &id)?;
        let kind = body.kind.map_or_else(|| Kind::of(&upstreams), ModelKind::read);
        let operations = body.operations.as_deref().map(operations).transpose()?;
        let terms = body.terms.as_ref().and_then(TermsView::change);
        let commands = |at| {
            let register = Command::Register {
                kind,
                upstreams: upstreams.clone(),
                aliases: aliases.clone(),
                max_processes: body.max_processes,
                operations: operations.clone(),
                at,
            };
            let terms = terms.map(|change| Command::ChangeTerms { change, at });
            std::iter::once(register).chain(terms).collect()
        };
        Ok(self.writer.execute_all::<Model>(&id, &context, &[], commands).await?.created())
    }

    /// List models
    #[oai(path = "/models", method = "get", operation_id = "list_models")]
    async fn list(
        &self,
        auth: Auth,
        /// Only those that are run by these.
        kind: Query<Option<ModelKind>>,
        /// Only those that are so now.
        status: Query<Option<ModelStatus>>,
        /// Those whose names come after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<ModelView>>, Problem> {
        let caller = auth.0.may(Action::ListModels, Target::Installation)?;
        self.reader.wait_for(at.position()?, &[models::NAME]).await?;
        let after = page::cursor::<Model>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let limit = page::limit(limit.0);
        let parameters = [
            columns::maybe_text(kind.0.map(ModelKind::read)),
            columns::maybe_text(status.0.map(ModelStatus::as_str)),
            columns::maybe_text(after),
            page::limit_value(limit),
        ];
        let rows = self.reader.query(&models::LIST, &parameters, models::Model::from_row).await?;
        let view = |row| ModelView::of(row, caller.sees_upstreams());
        Ok(Json(Page::of(rows, limit, |row| row.model.to_string(), view)))
    }

    /// Show a model
    #[oai(path = "/models/:model", method = "get", operation_id = "get_model")]
    async fn show(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
    ) -> Result<Versioned<ModelView>, Problem> {
        let caller = auth.0.may(Action::GetModel, Target::Installation)?;
        let id = self.names.model(&model).await?;
        let events = self.writer.events.as_ref();
        match current_row::<Model, _>(events, &id, &models::Models).await? {
            Some((version, row)) => {
                Ok(Versioned::at(version, ModelView::of(row, caller.sees_upstreams())))
            }
            None => Err(Problem::not_found(format!("there is no model {id}"))),
        }
    }

    /// Change a model
    ///
    /// All that is said is changed, or nothing.
    #[oai(path = "/models/:model", method = "patch", operation_id = "change_model")]
    async fn change(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        headers: ChangeHeaders,
        body: Json<ChangedModel>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::ChangeModel, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = self.names.model(&model).await?;
        let commands = commands(&body.0, &id)?;
        let commands = |at| commands.iter().map(|command| command(at)).collect();
        Ok(self.writer.execute_all::<Model>(&id, &context, &[], commands).await?.changed())
    }

    /// Change a model's other names
    #[oai(path = "/models/:model/aliases", method = "put", operation_id = "change_aliases")]
    async fn change_aliases(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        headers: ChangeHeaders,
        body: Json<Aliases>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::ChangeAliases, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = self.names.model(&model).await?;
        let aliases = aliases(&body.aliases, &id)?;
        let change = |at| Command::ChangeAliases { aliases: aliases.clone(), at };
        Ok(self.writer.execute::<Model>(&id, &context, change).await?.changed())
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
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::RetireModel, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = self.names.model(&model).await?;
        let retire = |at| Command::Retire { at };
        Ok(self.writer.execute::<Model>(&id, &context, retire).await?.changed())
    }
}

type CommandAt = Box<dyn Fn(Timestamp) -> Command + Send + Sync>;

/// A command for each thing that was said.
fn commands(body: &ChangedModel, id: &ModelName) -> Result<Vec<CommandAt>, Problem> {
    let mut commands: Vec<CommandAt> = Vec::new();
    if let Some(kind) = body.kind.map(ModelKind::read) {
        commands.push(Box::new(move |at| Command::ChangeKind { kind, at }));
    }
    if let Some(views) = &body.upstreams {
        let upstreams = parse_upstreams(views, id)?;
        commands.push(Box::new(move |at| Command::ChangeUpstreams {
            upstreams: upstreams.clone(),
            at,
        }));
    }
    if let Some(texts) = &body.aliases {
        let aliases = aliases(texts, id)?;
        commands.push(Box::new(move |at| Command::ChangeAliases { aliases: aliases.clone(), at }));
    }
    if !body.max_processes.is_undefined() {
        let max_processes = body.max_processes.value().copied();
        commands.push(Box::new(move |at| Command::ChangeProcesses { max_processes, at }));
    }
    if !body.operations.is_undefined() {
        let operations = body.operations.value().map(|texts| operations(texts)).transpose()?;
        commands.push(Box::new(move |at| Command::ChangeOperations {
            operations: operations.clone(),
            at,
        }));
    }
    if let Some(change) = body.terms.as_ref().map(ChangedTerms::change) {
        commands.push(Box::new(move |at| Command::ChangeTerms { change, at }));
    }
    Ok(commands)
}
