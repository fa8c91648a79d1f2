//! The upstreams of a model: list, add, change, remove one, or say all of them.

use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use uplion_domain::model::{Command, Model, UpstreamId};
use uplion_projections::models;

use super::view::{ChangedUpstream, UpstreamView, Upstreams, upstreams};
use crate::{
    api::{
        Tag,
        page::{Versioned, current_row},
    },
    auth::Auth,
    caller::Target,
    headers::ChangeHeaders,
    names::Names,
    permissions::Action,
    problem::Problem,
    receipt::{WriteResponse, Written},
    write::Writer,
};

pub struct ModelUpstreams {
    pub writer: Writer,
    pub names: Names,
}

/// All upstreams of a model; its version is the model's.
#[derive(Debug, Object)]
struct UpstreamList {
    data: Vec<UpstreamView>,
}

#[OpenApi(tag = "Tag::Models")]
impl ModelUpstreams {
    /// List who answers for a model
    #[oai(path = "/models/:model/upstreams", method = "get", operation_id = "list_upstreams")]
    async fn list(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
    ) -> Result<Versioned<UpstreamList>, Problem> {
        auth.0.may(Action::ListUpstreams, Target::Installation)?;
        let id = self.names.model(&model).await?;
        let events = self.writer.events.as_ref();
        let known = current_row::<Model, models::Model>(events, &id, &models::Models).await?;
        let (version, model) = known.ok_or_else(Problem::unseen)?;
        let data = model.upstreams.into_iter().map(UpstreamView::of).collect();
        Ok(Versioned::at(version, UpstreamList { data }))
    }

    /// Change who answers for a model
    #[oai(path = "/models/:model/upstreams", method = "put", operation_id = "change_upstreams")]
    async fn change_all(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        headers: ChangeHeaders,
        body: Json<Upstreams>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::ChangeUpstreams, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = self.names.model(&model).await?;
        let upstreams = upstreams(&body.upstreams, &id)?;
        let change = |at| Command::ChangeUpstreams { upstreams: upstreams.clone(), at };
        Ok(self.writer.execute::<Model>(&id, &context, change).await?.changed())
    }

    /// Add one that answers for a model
    #[oai(path = "/models/:model/upstreams", method = "post", operation_id = "add_upstream")]
    async fn add(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        headers: ChangeHeaders,
        body: Json<UpstreamView>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::AddUpstream, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = self.names.model(&model).await?;
        let upstream = body.read(&id)?;
        let add = |at| Command::AddUpstream { upstream: upstream.clone(), at };
        Ok(self.writer.execute::<Model>(&id, &context, add).await?.created())
    }

    /// Change one that answers for a model
    ///
    /// Another server, or another name there, is another upstream: add that one and remove this one.
    #[oai(
        path = "/models/:model/upstreams/:upstream",
        method = "patch",
        operation_id = "change_upstream"
    )]
    async fn change(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        /// By id.
        upstream: Path<String>,
        headers: ChangeHeaders,
        body: Json<ChangedUpstream>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::ChangeUpstream, Target::Installation)?;
        let context = headers.by(caller)?;
        let (id, upstream) = (self.names.model(&model).await?, upstream_id(&upstream)?);
        let change = body.0.read()?;
        let change = |at| {
            let (upstream, change) = (upstream.clone(), change.clone());
            Command::ChangeUpstream { upstream, change, at }
        };
        Ok(self.writer.execute::<Model>(&id, &context, change).await?.changed())
    }

    /// Remove one that answers for a model
    ///
    /// What it is answering is answered to the end.
    #[oai(
        path = "/models/:model/upstreams/:upstream",
        method = "delete",
        operation_id = "remove_upstream"
    )]
    async fn remove(
        &self,
        auth: Auth,
        /// Its name or an alias.
        model: Path<String>,
        /// By id.
        upstream: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::RemoveUpstream, Target::Installation)?;
        let context = headers.by(caller)?;
        let (id, upstream) = (self.names.model(&model).await?, upstream_id(&upstream)?);
        let remove = |at| Command::RemoveUpstream { upstream: upstream.clone(), at };
        Ok(self.writer.execute::<Model>(&id, &context, remove).await?.changed())
    }
}

fn upstream_id(text: &str) -> Result<UpstreamId, Problem> {
    text.parse().map_err(|error| Problem::not_found(format!("{error}")))
}
