//! API keys: issue, list, show, change what they may use, revoke.

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use uplion_domain::{
    KeyDigest, KeyId,
    api_key::{self, ApiKey, Change, Models, Terms},
};
use uplion_projections::{api_keys, columns, projection::TypedRow, table::Value};
use uuid::Uuid;

use super::{
    Tag,
    page::{self, Found, Page, current},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers,
    labels::{Labels, Loaded},
    names::{self, Names},
    permissions::Operation,
    problem::Problem,
    reading::Reader,
    receipt::{Answer, IssuedKey, Written},
    secret::Secret,
    write::{Said, Writer, now},
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
        auth: Auth,
        /// Said again with the same key, the command is carried out once; the secret is not shown again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Json<NewKey>,
    ) -> Result<Answer<IssuedKey>, Problem> {
        let command = format!("issue key {}", body.to_json_string());
        let project = self.names.project(&body.project).await?;
        let caller = auth.0.may(Operation::IssueKey, Target::Project(project))?;
        let said = Said::new(caller, None, idempotency_key.0, &command)?;
        self.names.must_be_open(project).await?;
        let models = self.names.models(body.models.as_deref()).await?;
        let secret = Secret::mint().map_err(|error| Problem::internal(error.to_string()))?;
        let digest = KeyDigest::of(secret.reveal());
        let terms = Terms { models, ..Terms::new(project, body.name.clone()) };
        let issue = |at| api_key::Command::Issue { digest, terms: Box::new(terms.clone()), at };
        let id = KeyId::new(Uuid::now_v7());
        Ok(self.writer.execute::<ApiKey>(&id, &said, issue).await?.issued(secret.reveal()))
    }

    /// List API keys
    #[oai(path = "/keys", method = "get", operation_id = "list_keys")]
    async fn list(
        &self,
        auth: Auth,
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
        let project = match project.0 {
            Some(text) => Some(self.names.project(&text).await?),
            None => None,
        };
        let seen = auth.0.sees(Operation::ListKeys, project)?;
        let position = headers::position(position.0.as_deref(), at.0.as_deref())?;
        self.reader.at(position, &[api_keys::NAME]).await?;
        let limit = page::limit(limit.0);
        let mut rows = Vec::new();
        for project in seen.filters() {
            let (project, after) =
                (columns::maybe_text(project), columns::maybe_text(after.0.clone()));
            let (all, now) = (|| Value::Null, columns::time(now()));
            let parameters = [project, all(), all(), now, all(), after, page::limit_value(limit)];
            let read = api_keys::ApiKey::from_row;
            rows.extend(self.reader.query(&api_keys::LIST, &parameters, read).await?);
        }
        rows.sort_by_key(|row| row.key);
        rows.truncate(limit);
        let labels = self.labels.load().await?;
        let view = |row| KeyView::of(row, &labels);
        Ok(Json(Page::of(rows, limit, |row| row.key.to_string(), view)))
    }

    /// Show an API key
    #[oai(path = "/keys/:key", method = "get", operation_id = "get_key")]
    async fn show(&self, auth: Auth, key: Path<String>) -> Result<Found<KeyView>, Problem> {
        let (version, row) = self.known(names::key(&key)?).await?;
        auth.0.may(Operation::GetKey, whose(&row))?;
        Ok(Found::at(version, KeyView::of(row, &self.labels.load().await?)))
    }

    /// Change what an API key may use
    #[oai(path = "/keys/:key/models", method = "put", operation_id = "allow_models")]
    async fn allow(
        &self,
        auth: Auth,
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
        let id = names::key(&key)?;
        let (_, row) = self.known(id).await?;
        let caller = auth.0.may(Operation::AllowModels, whose(&row))?;
        let said = Said::new(caller, if_match.0.as_deref(), idempotency_key.0, &command)?;
        let models = self.names.models(body.models.as_deref()).await?;
        let change = || Change::Allow { models: models.clone() };
        let allow = |at| api_key::Command::Change { change: change(), at };
        Ok(self.writer.execute::<ApiKey>(&id, &said, allow).await?.changed())
    }

    /// Revoke an API key
    ///
    /// For ever. It is rejected everywhere within 100 ms of a 200.
    #[oai(path = "/keys/:key/revoke", method = "post", operation_id = "revoke_key")]
    async fn revoke(
        &self,
        auth: Auth,
        key: Path<String>,
        /// The version that you saw last.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Answer<Written>, Problem> {
        let id = names::key(&key)?;
        let (_, row) = self.known(id).await?;
        let caller = auth.0.may(Operation::RevokeKey, whose(&row))?;
        let said = Said::new(caller, if_match.0.as_deref(), None, "")?;
        let revoke = |at| api_key::Command::Revoke { at };
        Ok(self.writer.execute::<ApiKey>(&id, &said, revoke).await?.changed())
    }
}

impl Keys {
    /// As its own history tells it.
    async fn known(&self, id: KeyId) -> Result<(u64, api_keys::ApiKey), Problem> {
        let events = self.writer.events.as_ref();
        let known = current::<ApiKey, _>(events, &id, &api_keys::ApiKeys).await?;
        known.ok_or_else(Problem::unseen)
    }
}

fn whose(key: &api_keys::ApiKey) -> Target {
    Target::Owned { project: key.terms.project, owner: key.terms.owner }
}

impl KeyView {
    fn of(row: api_keys::ApiKey, labels: &Loaded) -> Self {
        let status = row.status(now()).to_owned();
        let api_keys::ApiKey { key, terms, issued_at, revoked_at, .. } = row;
        let Terms { project, name, models, .. } = terms;
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
            status,
            issued_at: issued_at.to_string(),
            revoked_at: revoked_at.map(|at| at.to_string()),
        }
    }
}
