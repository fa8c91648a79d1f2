//! Somebody who is served: a project with a key, a model of its own, and a price, so that tests see only their own bill.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::Installation;
use crate::{
    chat::{ChatResponse, Client},
    http,
    uplion::Uplion,
    wait,
};

/// For each token of a prompt and of an answer: whole numbers, so that sums of charges are exact.
pub const INPUT_NANOS: i64 = 250;
pub const OUTPUT_NANOS: i64 = 1_000;

#[derive(Debug)]
pub struct Customer {
    pub project: String,
    pub key: String,
    pub secret: String,
    pub model: String,
    gateways: Vec<String>,
    http: reqwest::Client,
}

/// What a customer pays for these tokens.
pub fn price(prompt_tokens: i64, completion_tokens: i64) -> i64 {
    prompt_tokens * INPUT_NANOS + completion_tokens * OUTPUT_NANOS
}

impl Customer {
    /// Whose model these upstreams, up to `/v1`, answer for.
    ///
    /// # Errors
    /// When control refuses, or gateways do not come to know of it.
    pub async fn new(
        installation: &Installation,
        name: &str,
        upstreams: &[String],
    ) -> anyhow::Result<Self> {
        Self::with_max_in_flight(installation, name, upstreams, 1_000).await
    }

    /// With so many requests at each upstream and worker at once.
    ///
    /// # Errors
    /// When control refuses, or gateways do not come to know of it.
    pub async fn with_max_in_flight(
        installation: &Installation,
        name: &str,
        upstreams: &[String],
        in_flight: u32,
    ) -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let admin = installation.admin();
        let project = admin.project(&name).await?;
        admin.model(&name, upstreams, in_flight).await?;
        admin.price(&name, "0.25", "1").await?;
        let (key, secret) = admin.key(&project).await?;
        let gateways = installation.gateways.iter().map(Uplion::url).collect();
        let customer = Self { project, key, secret, model: name, gateways, http: http::client() };
        customer.wait_until_gateways_know_it().await?;
        Ok(customer)
    }

    /// Somebody whom an installation serves already, at one gateway.
    pub fn of(gateway: &str, model: &str, secret: &str) -> Self {
        let (model, secret) = (model.to_owned(), secret.to_owned());
        let (project, key) = (String::new(), String::new());
        let gateways = vec![gateway.to_owned()];
        Self { project, key, secret, model, gateways, http: http::client() }
    }

    async fn wait_until_gateways_know_it(&self) -> anyhow::Result<()> {
        for gateway in 0..self.gateways.len() {
            let client = self.at(gateway);
            wait::until(wait::PATIENCE, "a gateway to know the customer", async || {
                client.models().await.is_ok_and(|models| models.contains(&self.model))
            })
            .await?;
        }
        Ok(())
    }

    /// At one of the gateways.
    pub fn at(&self, gateway: usize) -> Client {
        Client::new(self.http.clone(), &self.gateways[gateway % self.gateways.len()], &self.secret)
    }

    /// A question for this customer's model. What `more` holds comes beside or instead.
    pub fn question(&self, content: &str, more: &Value) -> Value {
        let mut question = json!({
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
        });
        if let (Some(question), Some(more)) = (question.as_object_mut(), more.as_object()) {
            question.extend(more.clone());
        }
        question
    }

    /// Asks the first gateway.
    ///
    /// # Errors
    /// When no answer's head came.
    pub async fn ask(&self, content: &str, more: &Value) -> anyhow::Result<ChatResponse> {
        self.at(0).ask(&self.question(content, more)).await
    }
}
