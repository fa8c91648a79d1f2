//! Doing what an administrator does, through control's own API, without leaving the process.

use std::{fmt::Write as _, sync::Arc};

use anyhow::{Context as _, Result, bail};
use poem::{
    Endpoint, Request,
    endpoint::{DynEndpoint, ToDynEndpoint},
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uplion_control::PATH;

pub struct Administrator {
    control: Arc<dyn DynEndpoint<Output = poem::Response>>,
    admin_key: String,
}

/// What `dev` asks for when it registers a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub name: String,
    pub url: String,
    pub max_in_flight: u32,
}

#[derive(Debug, Deserialize)]
struct Registered {
    status: String,
    upstreams: Vec<Value>,
}

impl Administrator {
    pub fn new(control: impl Endpoint<Output = poem::Response> + 'static, admin_key: &str) -> Self {
        Self { control: Arc::new(ToDynEndpoint(control)), admin_key: admin_key.to_owned() }
    }

    /// The project that `dev` makes at its first start; the same one each time.
    pub async fn project(&self) -> Result<String> {
        let created =
            self.ask(Method::POST, "projects", "dev:project", json!({ "name": "default" })).await?;
        text(&created.body, "id")
    }

    /// Somebody to sign in as, once: whoever has that address by then is left alone.
    pub async fn person(&self, email: &str, password: &str) -> Result<()> {
        let body = json!({
            "email": email, "name": "Administrator", "password": password, "access": "admin",
        });
        let told = self.try_ask(Method::POST, "users", "dev:admin", body).await?;
        let taken =
            told.status == StatusCode::CONFLICT || told.status == StatusCode::UNPROCESSABLE_ENTITY;
        if told.status.is_success() || taken {
            return Ok(());
        }
        bail!("control refused the first administrator: {}", told.body["detail"])
    }

    /// A new key of the project.
    pub async fn key(&self, project: &str) -> Result<String> {
        let body = json!({ "project": project, "name": "made by uplion dev" });
        text(&self.ask(Method::POST, "keys", "", body).await?.body, "secret")
    }

    /// Makes the model if it is not there, and sees that the server answers for it. A retired model stays retired.
    pub async fn offer(&self, offer: &Offer, instead: bool) -> Result<()> {
        let upstream =
            json!({ "url": offer.url, "model": offer.name, "max_in_flight": offer.max_in_flight });
        let place = format!("models/{}", encoded(&offer.name));
        let found = self.try_ask(Method::GET, &place, "", Value::Null).await?;
        if found.status == StatusCode::NOT_FOUND {
            let body = json!({ "name": offer.name, "upstreams": [upstream] });
            return self.ask(Method::POST, "models", "", body).await.map(drop);
        }
        let known: Registered = serde_json::from_value(found.body)?;
        if known.status == "retired" {
            tracing::warn!(model = offer.name, "dev.model.retired");
            return Ok(());
        }
        let others =
            known.upstreams.into_iter().filter(|known| !instead && known["url"] != offer.url);
        let upstreams: Vec<Value> = others.chain([upstream]).collect();
        let body = json!({ "upstreams": upstreams });
        self.ask(Method::PUT, &format!("{place}/upstreams"), "", body).await.map(drop)
    }

    /// Sets the price of a model, once.
    pub async fn price(&self, model: &str, input: &str, output: &str) -> Result<()> {
        let body = json!({ "model": model, "input": input, "output": output });
        self.ask(Method::POST, "prices", &format!("dev:price:{model}"), body).await.map(drop)
    }

    async fn ask(&self, method: Method, place: &str, once: &str, body: Value) -> Result<Told> {
        let told = self.try_ask(method, place, once, body).await?;
        if told.status.is_success() {
            return Ok(told);
        }
        bail!(
            "control refused {place}: {}",
            told.body["detail"].as_str().unwrap_or("for no reason that it names")
        )
    }

    async fn try_ask(&self, method: Method, place: &str, once: &str, body: Value) -> Result<Told> {
        let mut request = Request::builder()
            .method(method)
            .uri_str(format!("{PATH}/{place}"))
            .header("Authorization", format!("Bearer {}", self.admin_key))
            .content_type("application/json");
        if !once.is_empty() {
            request = request.header("Idempotency-Key", once);
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self
            .control
            .call(request.body(body))
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let status = answer.status();
        let body =
            answer.into_body().into_vec().await.context("control's answer cannot be read")?;
        Ok(Told { status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}

struct Told {
    status: StatusCode,
    body: Value,
}

fn text(body: &Value, field: &str) -> Result<String> {
    body[field]
        .as_str()
        .map(ToOwned::to_owned)
        .with_context(|| format!("control's answer holds no {field}"))
}

/// A model's name as one segment of a path.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().fold(String::new(), |mut path, byte| {
        if plain(byte) {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").expect("a string takes all that is written");
        }
        path
    })
}
