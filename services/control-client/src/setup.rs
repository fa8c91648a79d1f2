//! What every installation needs before it serves anybody: a project, a key of it, models and their prices.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};
use uplion_domain::{KeyId, ProjectId};

use crate::{Client, Error, WriteOptions};

/// The secret is in no later answer.
#[derive(Debug, Clone, Deserialize)]
pub struct IssuedKey {
    #[serde(deserialize_with = "from_text")]
    pub id: KeyId,
    pub secret: String,
}

#[derive(Debug, Deserialize)]
struct CreatedProject {
    #[serde(deserialize_with = "from_text")]
    id: ProjectId,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewModel {
    pub name: String,
    pub upstreams: Vec<NewUpstream>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewUpstream {
    pub url: String,
    /// What it calls the model; none: the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub max_in_flight: u32,
}

impl Client {
    pub async fn create_project(
        &self,
        name: &str,
        options: &WriteOptions,
    ) -> Result<ProjectId, Error> {
        let body = json!({ "name": name });
        let CreatedProject { id } = self.post(&["projects"], &body, options).await?;
        Ok(id)
    }

    pub async fn issue_key(&self, project: &ProjectId, name: &str) -> Result<IssuedKey, Error> {
        let body = json!({ "project": project.to_string(), "name": name });
        self.post(&["keys"], &body, &WriteOptions::default()).await
    }

    pub async fn revoke_key(&self, key: &KeyId) -> Result<Value, Error> {
        self.action(&["keys", &key.to_string(), "revoke"], &WriteOptions::default()).await
    }

    pub async fn register_model(&self, model: &NewModel) -> Result<Value, Error> {
        self.post(&["models"], model, &WriteOptions::default()).await
    }

    pub async fn retire_model(&self, model: &str) -> Result<Value, Error> {
        self.action(&["models", model, "retire"], &WriteOptions::default()).await
    }

    /// In units of the installation's currency for a million tokens.
    pub async fn set_price(
        &self,
        model: &str,
        input: &str,
        output: &str,
        options: &WriteOptions,
    ) -> Result<Value, Error> {
        let body = json!({ "model": model, "input": input, "output": output });
        self.post(&["prices"], &body, options).await
    }
}

fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: std::fmt::Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
