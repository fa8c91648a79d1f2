//! API keys: issue, list, show, change what they may use, revoke.

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use uplion_domain::{
    KeyDigest, KeyId,
    api_key::{self, ApiKey, Models},
};
use uplion_projections::{api_keys, columns, projection::TypedRow};
use uuid::Uuid;

use super::{
    Tag,
    page::{self, Found, Page, current},
};
use crate::{
    admin::Admin,
    headers,
    labels::{Labels, Loaded},
    names::{self, Names},
    problem::Problem,
    reading::Reader,
    receipt::{Answer, IssuedKey, Written},
    secret::Secret,
    write::{Said, Writer},
};

pub struct Keys {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
    pub labels: Labels,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct NewKey {
    /// The project that its usage is billed to, by id or name.
    project: String,
    /// For people: what or whom it is for. At most 128 characters.
    #[oai(validator(min_length = 1, max_length = 128))]
    name: String,
    /// The only models that it may use, by name or alias; null or left out: all.
    models: Option<Vec<String>>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct AllowedModels {
    /// The only models that it may use from now on, by name or alias; null: all.
    models: Option<Vec<String>>,
}

/// What a member's program shows the gateway to be served. The secret is not stored.
#[derive(Debug, Object)]
#[oai(rename = "Key")]
struct KeyView {
    id: String,
    name: String,
    project: String,
    project_name: Option<String>,
    /// Null: all models.
    models: Option<Vec<String>>,
    /// `active` or `revoked`.
    status: String,
    issued_at: String,
    revoked_at: Option<String>,
}

#[OpenApi(tag = "Tag::Keys")]
impl Keys {
    /// Issue an API key
    ///
    /// The secret is in this answer and nowhere else, ever.
    #[oai(path = "/keys", method = "post", operation_id = "issue_key")]
    async fn issue(
        &self,
        admin: Admin,
        /// Said again with the same key, the command is carried out once; the secret is not shown again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Json<NewKey>,
    ) -> Result<Answer<IssuedKey>, Problem> {
        let command = format!("issue key {}", body.to_json_string());
        let said = Said::new(admin.0, None, idempotency_key.0, &command)?;
        let project = self.names.open_project(&body.project).await?;
        let models = self.names.models(body.models.as_deref()).await?;
        let secret = Secret::mint().map_err(|error| Problem::internal(error.to_string()))?;
        let digest = KeyDigest::of(secret.reveal());
        let issue = |at| api_key::Command::Issue {
            project,
            name: body.name.clone(),
            digest,
            models: models.clone(),
            at,
        };
        let id = KeyId::new(Uuid::now_v7());
        Ok(self.writer.execute::<ApiKey>(&id, &said, issue).await?.issued(secret.reveal()))
    }

    /// List API keys
    #[oai(path = "/keys", method = "get", operation_id = "list_keys")]
    async fn list(
        &self,
        _admin: Admin,
        /// Only of this project, by id or name.
        project: Query<Option<String>>,
        /// Those issued after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        /// See also the write that was answered with this position.
        #[oai(name = "Uplion-Position")]
        position: Header<Option<String>>,
        /// The same as `Uplion-Position`.
        at: Query<Option<String>>,
    ) -> Result<Json<Page<KeyView>>, Problem> {
        let position = headers::position(position.0.as_deref(), at.0.as_deref())?;
        self.reader.at(position, &[api_keys::NAME]).await?;
        let limit = page::limit(limit.0);
        let project = match project.0 {
            Some(text) => Some(self.names.project(&text).await?),
            None => None,
        };
        let (project, after) = (columns::maybe_text(project), columns::maybe_text(after.0));
        let parameters = [project, after, page::limit_value(limit)];
        let rows =
            self.reader.query(&api_keys::LIST, &parameters, api_keys::ApiKey::from_row).await?;
        let labels = self.labels.load().await?;
        let view = |row| KeyView::of(row, &labels);
        Ok(Json(Page::of(rows, limit, |row| row.key.to_string(), view)))
    }

    /// Show an API key
    #[oai(path = "/keys/:key", method = "get", operation_id = "get_key")]
    async fn show(&self, _admin: Admin, key: Path<String>) -> Result<Found<KeyView>, Problem> {
        let id = names::key(&key)?;
        let events = self.writer.events.as_ref();
        match current::<ApiKey, _>(events, &id, &api_keys::ApiKeys).await? {
            Some((version, row)) => {
                Ok(Found::at(version, KeyView::of(row, &self.labels.load().await?)))
            }
            None => Err(Problem::not_found(format!("there is no key {id}"))),
        }
    }

    /// Change what an API key may use
    #[oai(path = "/keys/:key/models", method = "put", operation_id = "allow_models")]
    async fn allow(
        &self,
        admin: Admin,
        key: Path<String>,
        /// The version that you saw last; without it the last writer wins.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        /// Said again with the same key, the command is carried out once.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Json<AllowedModels>,
    ) -> Result<Answer<Written>, Problem> {
        let command = format!("allow key {} {}", key.0, body.to_json_string());
        let said = Said::new(admin.0, if_match.0.as_deref(), idempotency_key.0, &command)?;
        let id = names::key(&key)?;
        let models = self.names.models(body.models.as_deref()).await?;
        let allow = |at| api_key::Command::Allow { models: models.clone(), at };
        Ok(self.writer.execute::<ApiKey>(&id, &said, allow).await?.changed())
    }

    /// Revoke an API key
    ///
    /// For ever. It is rejected everywhere within 100 ms of a 200.
    #[oai(path = "/keys/:key/revoke", method = "post", operation_id = "revoke_key")]
    async fn revoke(
        &self,
        admin: Admin,
        key: Path<String>,
        /// The version that you saw last.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Answer<Written>, Problem> {
        let said = Said::new(admin.0, if_match.0.as_deref(), None, "")?;
        let id = names::key(&key)?;
        let revoke = |at| api_key::Command::Revoke { at };
        Ok(self.writer.execute::<ApiKey>(&id, &said, revoke).await?.changed())
    }
}

impl KeyView {
    fn of(row: api_keys::ApiKey, labels: &Loaded) -> Self {
        let api_keys::ApiKey { key, project, name, models, issued_at, revoked_at } = row;
        let models = match models {
            Models::All => None,
            Models::Only(models) => Some(models.iter().map(ToString::to_string).collect()),
        };
        Self {
            id: key.to_string(),
            name,
            project_name: labels.project(project),
            project: project.to_string(),
            models,
            status: if revoked_at.is_some() { "revoked" } else { "active" }.to_owned(),
            issued_at: issued_at.to_string(),
            revoked_at: revoked_at.map(|at| at.to_string()),
        }
    }
}
