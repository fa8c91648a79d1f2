//! What an administrator would do first, done by `dev` at each start through the control API.

use std::time::Duration;

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
/// A gateway that has just started has the catalog within moments.
const GATEWAY_TRIES: u32 = 50;
const GATEWAY_PAUSE: Duration = Duration::from_millis(100);
const PROJECT: &str = "default";

pub struct Administrator {
    http: reqwest::Client,
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

/// Who signs in with what credentials.json says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstAdministrator {
    Registered,
    /// Registered at an earlier start.
    Known,
    /// Erased, disabled or of another address by now, and another one administers.
    Gone {
        another: String,
    },
}

#[derive(Debug, Deserialize)]
struct User {
    email: Option<String>,
    status: String,
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
        // The control and the gateway of this process: no proxy stands between.
        let http = http_builder().no_proxy().build().context("no HTTP client can be made")?;
        let options =
            ClientOptions { retries: RETRIES, ..ClientOptions::bearer(&credentials.admin_key)? };
        let control = Client::new(http.clone(), credentials.admin_url.clone(), options);
        Ok(Self { http, control })
    }

    /// The project that `dev` makes at its first start. It is looked for by its name first: what a command is recognised
    /// by may be another in the version that made it, and is not remembered for ever.
    pub async fn create_project(&self) -> Result<ProjectId> {
        let known: Result<Project, Error> = self.control.get(&["projects", PROJECT], &[]).await;
        match known {
            Ok(Project { id }) => Ok(id.parse()?),
            Err(Error::Problem(problem)) if problem.status == 404 => {
                // Not the same command again: the one that was made first may be closed.
                Ok(self.control.create_project(PROJECT, &WriteOptions::default()).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody to sign in as: whoever has that address, else somebody new if nobody else can.
    pub async fn first_administrator(
        &self,
        email: &str,
        password: &str,
    ) -> Result<FirstAdministrator> {
        let known: Result<User, Error> = self.control.get(&["users", email], &[]).await;
        match known {
            Ok(user) if user.status == "active" => return Ok(FirstAdministrator::Known),
            Err(Error::Problem(problem)) if problem.status != 404 => {
                return Err(Error::Problem(problem).into());
            }
            Ok(_) | Err(Error::Problem(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let administrators = [("access", "admin".to_owned()), ("status", "active".to_owned())];
        let others: List<User> =
            self.control.list(&["users"], &administrators, &ListOptions::default()).await?;
        // After the loss of a store there are some without an address: nobody can sign in as they.
        if let Some(another) = others.items.into_iter().find_map(|other| other.email) {
            return Ok(FirstAdministrator::Gone { another });
        }
        let body = json!({
            "email": email, "name": "Administrator", "password": password, "access": "admin",
        });
        let registered: Result<Value, Error> =
            self.control.post(&["users"], &body, &WriteOptions::once("dev:admin")).await;
        registered.context("the first administrator cannot be registered")?;
        Ok(FirstAdministrator::Registered)
    }

    /// The names of all models that are not retired.
    pub async fn registered_models(&self) -> Result<Vec<String>> {
        let registered = [("status", "registered".to_owned())];
        let models: List<Value> =
            self.control.list(&["models"], &registered, &ListOptions::default()).await?;
        let names = models.items.iter().filter_map(|model| model["name"].as_str());
        Ok(names.map(ToOwned::to_owned).collect())
    }

    /// Whether the gateway knows the key no more: it was revoked, or its installation is gone. Asked until it can tell.
    pub async fn is_refused(&self, base_url: &str, key: &str) -> Result<bool> {
        for _ in 0..GATEWAY_TRIES {
            let asked = self.http.get(format!("{base_url}/models")).bearer_auth(key).send().await?;
            match asked.status().as_u16() {
                401 => return Ok(true),
                503 => tokio::time::sleep(GATEWAY_PAUSE).await,
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The secret of a new key of the project.
    pub async fn issue_key(&self, project: &ProjectId) -> Result<String> {
        let IssuedKey { secret, .. } =
            self.control.issue_key(project, "made by uplion dev").await?;
        Ok(secret)
    }

    /// Registers the model if it is not there, and has the server answer for it. A retired model stays retired: whether it
    /// is not.
    pub async fn offer(&self, offer: &ModelOffer, others: OtherUpstreams) -> Result<bool> {
        let ModelOffer { name, url, max_in_flight } = offer;
        let path = ["models", name];
        let known: RegisteredModel = match self.control.get(&path, &[]).await {
            Ok(known) => known,
            Err(Error::Problem(problem)) if problem.status == 404 => {
                self.register(offer).await?;
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        if known.status == "retired" {
            tracing::warn!(model = name, "dev.model.retired");
            return Ok(false);
        }
        let upstream = json!({ "url": url, "model": name, "max_in_flight": max_in_flight });
        let stay = |known: &Value| others == OtherUpstreams::Stay && known["url"] != url.as_str();
        let upstreams: Vec<Value> =
            known.upstreams.into_iter().filter(stay).chain([upstream]).collect();
        let body = json!({ "upstreams": upstreams });
        let path = ["models", name, "upstreams"];
        let _: Value = self.control.put(&path, &body, &WriteOptions::default()).await?;
        Ok(true)
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
