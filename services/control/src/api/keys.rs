//! API keys: issue, list, show, change, give a new secret, enable, disable, revoke.

mod parse;
mod view;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{
    KeyDigest, KeyId, ProjectId, Timestamp, UserId,
    api_key::{self, ApiKey, Change, Command},
};
use uplion_projections::{
    api_keys::{self, Listed},
    columns,
    projection::TypedRow,
    table::Value,
    tokens_by_key::{self, Used},
};
use uuid::Uuid;

use self::view::{AllowedModels, ChangedKey, KeyStatus, KeyView, NewKey, Rotation};
use super::{
    Tag,
    page::{self, Page, Versioned, current_row},
};
use crate::{
    auth::Auth,
    caller::{Caller, Target},
    headers::{ChangeHeaders, CreateHeaders, ReadAt},
    labels::{Labels, named},
    names::{self, Names},
    permissions::{Action, Role},
    problem::Problem,
    reading::Reader,
    receipt::{IssuedKey, WriteResponse, Written},
    secret::Secret,
    write::{Writer, now},
};

pub struct Keys {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
    pub labels: Labels,
}

#[OpenApi(tag = "Tag::Keys")]
impl Keys {
    /// Issue an API key
    ///
    /// The secret is in this answer and nowhere else, ever.
    #[oai(path = "/keys", method = "post", operation_id = "issue_key")]
    async fn issue(
        &self,
        auth: Auth,
        headers: CreateHeaders,
        body: Json<NewKey>,
    ) -> Result<WriteResponse<IssuedKey>, Problem> {
        let project = self.names.project(&body.project).await?;
        let owner = self.owner(&auth.0, project, body.owner.as_deref()).await;
        // Whether there is such a person is told only to who may issue keys for others.
        let named = owner.as_ref().ok().copied().flatten();
        let caller = auth.0.may(Action::IssueKey, Target::Owned { project, owner: named })?;
        let owner = owner?;
        let context = headers.by(caller)?;
        self.names.must_be_open(project).await?;
        if let Some(owner) = owner {
            self.names.must_be_member(project, owner).await?;
        }
        let terms = Box::new(self.terms(project, owner, &body).await?);
        let (secret, digest) = secret()?;
        let issue = |at| Command::Issue { digest, terms: terms.clone(), at };
        let id = KeyId::new(Uuid::now_v7());
        Ok(self.writer.execute::<ApiKey>(&id, &context, issue).await?.issued(secret.reveal()))
    }

    /// List API keys
    #[oai(path = "/keys", method = "get", operation_id = "list_keys")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn list(
        &self,
        auth: Auth,
        /// Only of this project, by id or name.
        project: Query<Option<String>>,
        /// Only of this member, by id or e-mail address.
        owner: Query<Option<String>>,
        /// Only those that are so now.
        status: Query<Option<KeyStatus>>,
        /// Only those that may use this model, by its name or an alias.
        model: Query<Option<String>>,
        /// Those issued after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<KeyView>>, Problem> {
        let project = self.names.maybe_project(project.0.as_deref()).await?;
        let seen = auth.0.sees(Action::ListKeys, project)?;
        self.reader.wait_for(at.position()?, &named(api_keys::NAME)).await?;
        let model = match model.0 {
            Some(text) => columns::json(&self.names.model(&text).await?.to_string()),
            None => Value::Null,
        };
        let owner = match owner.0 {
            Some(text) => Some(self.names.user_filter(&text).await?),
            None => None,
        };
        let after = page::cursor::<ApiKey>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let (limit, now) = (page::limit(limit.0), now());
        let mut rows = Vec::new();
        for project in seen.filters() {
            let parameters = [
                columns::maybe_text(project),
                columns::maybe_text(owner.as_ref()),
                columns::maybe_text(status.0.map(KeyStatus::as_str)),
                columns::time(now),
                model.clone(),
                columns::maybe_text(after.clone()),
                page::limit_value(limit),
            ];
            rows.extend(self.reader.query(&api_keys::LIST, &parameters, Listed::from_row).await?);
        }
        rows.sort_by_key(|row| row.key.key);
        rows.truncate(limit);
        let labels = self.labels.of(rows.iter().map(|row| row.key.terms.project), []).await?;
        let view = |row| KeyView::of(row, &labels, now);
        Ok(Json(Page::of(rows, limit, |row| row.key.key.to_string(), view)))
    }

    /// Show an API key
    #[oai(path = "/keys/:key", method = "get", operation_id = "get_key")]
    async fn show(&self, auth: Auth, key: Path<String>) -> Result<Versioned<KeyView>, Problem> {
        let (version, key) = self.current_key(names::key(&key)?).await?;
        auth.0.may(Action::GetKey, whose(&key))?;
        let parameters = [columns::text(key.key)];
        let used = self.reader.query(&tokens_by_key::ONE, &parameters, Used::from_row).await?;
        let row = match used.into_iter().next() {
            None => view::unused(key),
            Some(used) => {
                let (tokens, last_used_at) = (used.tokens(), Some(used.last_used_at));
                Listed { key, tokens, cost: used.totals.cost, last_used_at }
            }
        };
        let labels = self.labels.of([row.key.terms.project], []).await?;
        Ok(Versioned::at(version, KeyView::of(row, &labels, now())))
    }

    /// Change an API key
    ///
    /// All that is said is changed, or nothing.
    #[oai(path = "/keys/:key", method = "patch", operation_id = "change_key")]
    async fn change(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
        body: Json<ChangedKey>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = names::key(&key)?;
        let caller = self.may(auth, Action::ChangeKey, id).await?;
        let context = headers.by(caller)?;
        let changes = self.changes(body.0).await?;
        let commands = |at| {
            let changes = changes.iter().cloned();
            changes.map(|change| Command::Change { change, at }).collect()
        };
        Ok(self.writer.execute_all::<ApiKey>(&id, &context, &[], commands).await?.changed())
    }

    /// Change what an API key may use
    #[oai(path = "/keys/:key/models", method = "put", operation_id = "allow_models")]
    async fn allow(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
        body: Json<AllowedModels>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = names::key(&key)?;
        let caller = self.may(auth, Action::AllowModels, id).await?;
        let context = headers.by(caller)?;
        let models = self.names.models(body.models.as_deref()).await?;
        let change = || Change::Allow { models: models.clone() };
        let allow = |at| Command::Change { change: change(), at };
        Ok(self.writer.execute::<ApiKey>(&id, &context, allow).await?.changed())
    }

    /// Give an API key a new secret
    ///
    /// The new one is in this answer and nowhere else, ever. The one before is served until the grace is over; one
    /// that was still in its own grace is over at once.
    #[oai(path = "/keys/:key/rotate", method = "post", operation_id = "rotate_key")]
    async fn rotate(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
        body: Json<Rotation>,
    ) -> Result<WriteResponse<IssuedKey>, Problem> {
        let id = names::key(&key)?;
        let caller = self.may(auth, Action::RotateKey, id).await?;
        let context = headers.by(caller)?;
        let grace_s = body.grace_seconds.unwrap_or(0);
        let (secret, digest) = secret()?;
        let rotate = |at| Command::Rotate { digest, grace_s, at };
        Ok(self.writer.execute::<ApiKey>(&id, &context, rotate).await?.rotated(secret.reveal()))
    }

    /// Enable an API key
    ///
    /// It is served again.
    #[oai(path = "/keys/:key/enable", method = "post", operation_id = "enable_key")]
    async fn enable(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.change_state(auth, Action::EnableKey, &key, headers, |at| Command::Enable { at }).await
    }

    /// Disable an API key
    ///
    /// It is not served until it is enabled: everywhere within 100 ms of a 200.
    #[oai(path = "/keys/:key/disable", method = "post", operation_id = "disable_key")]
    async fn disable(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.change_state(auth, Action::DisableKey, &key, headers, |at| Command::Disable { at })
            .await
    }

    /// Revoke an API key
    ///
    /// For ever. It is rejected everywhere within 100 ms of a 200.
    #[oai(path = "/keys/:key/revoke", method = "post", operation_id = "revoke_key")]
    async fn revoke(
        &self,
        auth: Auth,
        key: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.change_state(auth, Action::RevokeKey, &key, headers, |at| Command::Revoke { at }).await
    }
}

impl Keys {
    /// As its own history tells it.
    async fn current_key(&self, id: KeyId) -> Result<(u64, api_keys::ApiKey), Problem> {
        let events = self.writer.events.as_ref();
        let known = current_row::<ApiKey, _>(events, &id, &api_keys::ApiKeys).await?;
        known.ok_or_else(Problem::unseen)
    }

    async fn may(&self, auth: Auth, action: Action, id: KeyId) -> Result<Caller, Problem> {
        let (_, key) = self.current_key(id).await?;
        auth.0.may(action, whose(&key))
    }

    /// Whose key it will be: who may issue keys for oneself only, means oneself.
    async fn owner(
        &self,
        caller: &Caller,
        project: ProjectId,
        named: Option<&str>,
    ) -> Result<Option<UserId>, Problem> {
        let role = caller.projects.get(&project);
        match named {
            Some(text) => self.names.registered_user(text).await.map(Some),
            None if caller.everywhere.is_none() && role == Some(&Role::Member) => Ok(caller.user()),
            None => Ok(None),
        }
    }

    /// The commands that say nothing but which key is meant.
    async fn change_state(
        &self,
        auth: Auth,
        action: Action,
        key: &str,
        headers: ChangeHeaders,
        command: fn(Timestamp) -> api_key::Command,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = names::key(key)?;
        let caller = self.may(auth, action, id).await?;
        let context = headers.by(caller)?;
        Ok(self.writer.execute::<ApiKey>(&id, &context, command).await?.changed())
    }
}

fn secret() -> Result<(Secret, KeyDigest), Problem> {
    let secret = Secret::mint()?;
    let digest = KeyDigest::of(secret.reveal());
    Ok((secret, digest))
}

fn whose(key: &api_keys::ApiKey) -> Target {
    Target::Owned { project: key.terms.project, owner: key.terms.owner }
}
