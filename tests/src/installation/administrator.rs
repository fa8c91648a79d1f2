//! Control's HTTP API, as an administrator's program calls it.

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

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
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.ask(Method::GET, &format!("usage?{}", query.join("&")), &Value::Null).await
    }

    /// # Errors
    /// When control cannot be reached or refuses.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/control/v1/{path}", self.url);
        let mut request = http::client().request(method, url).bearer_auth(&self.key);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(status.is_success(), "control answered {path} with {status}: {body}");
        serde_json::from_str(&body).with_context(|| format!("control answered {path} with {body}"))
    }
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let found = answer[field].as_str().map(ToOwned::to_owned);
    found.with_context(|| format!("no {field} in {answer}"))
}
