//! Control's HTTP API, as an administrator's program calls it.

use anyhow::Context;
use serde_json::{Value, json};
use uplion_control_client::{Client, ClientOptions, WriteOptions};

use crate::http;

/// Keeps no connection: tests have a runtime each.
#[derive(Debug, Clone)]
pub struct Administrator {
    url: String,
    key: String,
}

impl Administrator {
    pub fn new(url: String, key: &str) -> Self {
        Self { url, key: key.to_owned() }
    }

    /// Its id.
    ///
    /// # Errors
    /// When control refuses.
    pub async fn project(&self, name: &str) -> anyhow::Result<String> {
        text(&self.post("projects", &json!({"name": name})).await?, "id")
    }

    /// Its id and its secret.
    ///
    /// # Errors
    /// When control refuses.
    pub async fn key(&self, project: &str) -> anyhow::Result<(String, String)> {
        let issued = self.post("keys", &json!({"project": project, "name": "test"})).await?;
        Ok((text(&issued, "id")?, text(&issued, "secret")?))
    }

    /// # Errors
    /// When control refuses.
    pub async fn revoke(&self, key: &str) -> anyhow::Result<Value> {
        self.post(&format!("keys/{key}/revoke"), &Value::Null).await
    }

    /// # Errors
    /// When control refuses.
    pub async fn model(
        &self,
        name: &str,
        upstreams: &[String],
        in_flight: u32,
    ) -> anyhow::Result<Value> {
        let upstream = |url: &String| json!({"url": url, "max_in_flight": in_flight});
        let upstreams: Vec<Value> = upstreams.iter().map(upstream).collect();
        self.post("models", &json!({"name": name, "upstreams": upstreams})).await
    }

    /// Changes the terms that a model is served on.
    ///
    /// # Errors
    /// When control refuses.
    pub async fn terms(&self, model: &str, terms: &Value) -> anyhow::Result<Value> {
        let body = json!({ "terms": terms });
        Ok(self.control()?.patch(&["models", model], &body, &WriteOptions::default()).await?)
    }

    /// # Errors
    /// When control refuses.
    pub async fn retire(&self, model: &str) -> anyhow::Result<Value> {
        self.post(&format!("models/{model}/retire"), &Value::Null).await
    }

    /// Units of currency for a million tokens.
    ///
    /// # Errors
    /// When control refuses.
    pub async fn price(&self, model: &str, input: &str, output: &str) -> anyhow::Result<Value> {
        let price = json!({"model": model, "input": input, "output": output});
        self.post("prices", &price).await
    }

    /// # Errors
    /// When control refuses.
    pub async fn usage(&self, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        self.get("usage", query).await
    }

    /// # Errors
    /// When control cannot be reached or refuses.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let path: Vec<&str> = path.split('/').collect();
        let query: Vec<(&str, String)> =
            query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Ok(self.control()?.get(&path, &query).await?)
    }

    /// # Errors
    /// When control cannot be reached or refuses.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let path: Vec<&str> = path.split('/').collect();
        let body = if body.is_null() { &json!({}) } else { body };
        Ok(self.control()?.post(&path, body, &WriteOptions::default()).await?)
    }

    fn control(&self) -> anyhow::Result<Client> {
        let options = ClientOptions::bearer(&self.key)?;
        Ok(Client::new(http::client(), self.url.clone(), options))
    }
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let found = answer[field].as_str().map(ToOwned::to_owned);
    found.with_context(|| format!("no {field} in {answer}"))
}
