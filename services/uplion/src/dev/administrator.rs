//! What an administrator would do first, done by `dev` at each start through the control API.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use uplion_control_client::{
    Client, ClientOptions, Error, IssuedKey, List, ListOptions, NewModel, NewUpstream,
    WriteOptions, http_builder,
};
use uplion_domain::ProjectId;

use super::credentials::Credentials;

/// A control that has just started may not be up to the log yet.
const RETRIES: u32 = 5;
const PROJECT: &str = "default";

pub struct Administrator {
    control: Client,
}

/// A model, and the server that is to answer for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOffer {
    pub name: String,
    pub url: String,
    pub max_in_flight: u32,
}

/// What becomes of the upstreams that a model has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherUpstreams {
    Stay,
    Go,
}

#[derive(Debug, Deserialize)]
struct Project {
    id: String,
}

#[derive(Debug, Deserialize)]
struct RegisteredModel {
    status: String,
    upstreams: Vec<Value>,
}

impl Administrator {
    pub fn new(credentials: &Credentials) -> Result<Self> {
        // The control of this process: no proxy stands between.
        let http = http_builder().no_proxy().build().context("no HTTP client can be made")?;
        let options =
            ClientOptions { retries: RETRIES, ..ClientOptions::bearer(&credentials.admin_key)? };
        Ok(Self { control: Client::new(http, credentials.admin_url.clone(), options) })
    }

    /// The project that `dev` makes at its first start. It is looked for by its name first: what a command is recognised
    /// by may be another in the version that made it, and is not remembered for ever.
    pub async fn create_project(&self) -> Result<ProjectId> {
        let known: Result<Project, Error> = self.control.get(&["projects", PROJECT], &[]).await;
        match known {
            Ok(Project { id }) => Ok(id.parse()?),
            Err(Error::Problem(problem)) if problem.status == 404 => {
                let options = WriteOptions::once("dev:project");
                Ok(self.control.create_project(PROJECT, &options).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody to sign in as, once: whoever has that address by then is left alone.
    pub async fn register_administrator(&self, email: &str, password: &str) -> Result<()> {
        let body = json!({
            "email": email, "name": "Administrator", "password": password, "access": "admin",
        });
        let registered: Result<Value, Error> =
            self.control.post(&["users"], &body, &WriteOptions::once("dev:admin")).await;
        match registered {
            Ok(_) => Ok(()),
            Err(Error::Problem(problem)) if matches!(problem.status, 409 | 422) => Ok(()),
            Err(error) => Err(error).context("the first administrator cannot be registered"),
        }
    }

    /// The secret of a new key of the project.
    pub async fn issue_key(&self, project: &ProjectId) -> Result<String> {
        let IssuedKey { secret, .. } =
            self.control.issue_key(project, "made by uplion dev").await?;
        Ok(secret)
    }

    /// Registers the model if it is not there, and has the server answer for it. A retired model stays retired.
    pub async fn offer(&self, offer: &ModelOffer, others: OtherUpstreams) -> Result<()> {
        let ModelOffer { name, url, max_in_flight } = offer;
        let path = ["models", name];
        let known: RegisteredModel = match self.control.get(&path, &[]).await {
            Ok(known) => known,
            Err(Error::Problem(problem)) if problem.status == 404 => {
                return self.register(offer).await;
            }
            Err(error) => return Err(error.into()),
        };
        if known.status == "retired" {
            tracing::warn!(model = name, "dev.model.retired");
            return Ok(());
        }
        let upstream = json!({ "url": url, "model": name, "max_in_flight": max_in_flight });
        let stay = |known: &Value| others == OtherUpstreams::Stay && known["url"] != url.as_str();
        let upstreams: Vec<Value> =
            known.upstreams.into_iter().filter(stay).chain([upstream]).collect();
        let body = json!({ "upstreams": upstreams });
        let path = ["models", name, "upstreams"];
        let _: Value = self.control.put(&path, &body, &WriteOptions::default()).await?;
        Ok(())
    }

    async fn register(&self, offer: &ModelOffer) -> Result<()> {
        let ModelOffer { name, url, max_in_flight } = offer.clone();
        let upstream = NewUpstream { url, model: Some(name.clone()), max_in_flight };
        self.control.register_model(&NewModel { name, upstreams: vec![upstream] }).await?;
        Ok(())
    }

    /// Sets the price of a model that has none.
    pub async fn set_price(&self, model: &str, input: &str, output: &str) -> Result<()> {
        let of_model = [("model", model.to_owned())];
        let known: List<Value> =
            self.control.list(&["prices"], &of_model, &ListOptions::default()).await?;
        if !known.items.is_empty() {
            return Ok(());
        }
        let options = WriteOptions::once(format!("dev:price:{model}"));
        self.control.set_price(model, input, output, &options).await?;
        Ok(())
    }
}
