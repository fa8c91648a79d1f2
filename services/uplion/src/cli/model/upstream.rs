//! `uplion model upstream`

use std::str::FromStr;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use uplion_domain::model::StreamOptions;

use super::{
    probing::{Candidate, Probing},
    view::{UpstreamView, upstream_table},
};
use crate::cli::{
    allowance::{Bound, Text},
    client::{Client, read},
    failure::Failure,
    output::{self, Format},
    params,
    write_options::WriteOptions,
};

#[derive(Debug, Clone, Subcommand)]
pub enum Upstream {
    /// Adds one that answers for a model.
    Add {
        /// The model's name or an alias.
        model: String,
        /// An OpenAI-compatible server, up to /v1.
        #[arg(value_name = "URL")]
        server: String,
        /// What it calls the model; by default the same.
        #[arg(long = "upstream-model", value_name = "NAME")]
        calls_it: Option<String>,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        probing: Probing,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Lists those that answer for a model.
    List {
        /// The model's name or an alias.
        model: String,
    },
    /// Changes one. What is not given stays as it is.
    Change {
        /// The model's name or an alias.
        model: String,
        /// Its id, or its URL if no other of the model has it.
        upstream: String,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Removes one. What it is answering is answered to the end.
    Remove {
        /// The model's name or an alias.
        model: String,
        /// Its id, or its URL if no other of the model has it.
        upstream: String,
        #[command(flatten)]
        options: WriteOptions,
    },
}

/// Of one upstream.
#[derive(Debug, Clone, Args)]
pub struct Terms {
    /// The workers' environment variable that holds what it wants as bearer token; `none` if it wants nothing.
    #[arg(long, value_name = "VAR", conflicts_with = "api_key_secret")]
    api_key_env: Option<Bound<Text>>,
    /// Or the Kubernetes Secret that holds it, and the key in there, mounted in the workers.
    #[arg(long, value_name = "NAME/KEY")]
    api_key_secret: Option<SecretKey>,
    /// Its share of the requests beside the model's other upstreams: 1 to 1000; by default 1.
    #[arg(long, value_name = "N")]
    weight: Option<u32>,
    /// Requests at once; by default 16.
    #[arg(long, value_name = "N")]
    max_in_flight: Option<u32>,
    /// Whether streams ask it for their usage: `auto` (by default) until it refuses that, `always`, or `never`.
    #[arg(long, value_name = "WHEN")]
    stream_options: Option<StreamOptions>,
}

/// Of each of several, all at once.
#[derive(Debug, Clone, Args)]
pub struct Upstreams {
    /// An OpenAI-compatible server that answers, up to /v1; may be repeated. Without it, workers bring their own.
    #[arg(long, value_name = "URL")]
    upstream: Vec<String>,
    /// What these upstreams call the model; by default the same.
    #[arg(long, value_name = "NAME", requires = "upstream")]
    upstream_model: Option<String>,
    /// The workers' environment variable that holds what these upstreams want as bearer token.
    #[arg(long, value_name = "VAR", requires = "upstream")]
    api_key_env: Option<String>,
    /// Or the Kubernetes Secret that holds it, and the key in there, mounted in the workers.
    #[arg(long, value_name = "NAME/KEY", requires = "upstream", conflicts_with = "api_key_env")]
    api_key_secret: Option<SecretKey>,
    /// The share of each; by default 1.
    #[arg(long, value_name = "N", requires = "upstream")]
    weight: Option<u32>,
    /// Requests at each of them at once; by default 16.
    #[arg(long, value_name = "N", requires = "upstream")]
    max_in_flight: Option<u32>,
    /// Whether streams ask these upstreams for their usage: auto, always or never; by default auto.
    #[arg(long, value_name = "WHEN", requires = "upstream")]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Clone)]
pub struct SecretKey {
    name: String,
    key: String,
}

impl Upstream {
    pub async fn run(self, client: &Client, format: Format) -> Result<(), Failure> {
        match self {
            Self::Add { model, server, calls_it, terms, probing, options } => {
                let candidates = [Candidate {
                    url: server.clone(),
                    model: calls_it.clone().unwrap_or_else(|| model.clone()),
                    api_key_env: terms.variable(),
                }];
                probing.before(&candidates).await?;
                let mut body = terms.fields();
                body.retain(|_, value| !value.is_null());
                body.insert("url".into(), json!(server));
                body.extend(calls_it.map(|name| ("model".into(), json!(name))));
                let path = ["models", &model, "upstreams"];
                let written = client.post(&options, &path, &Value::Object(body)).await?;
                output::print_written(
                    format,
                    &written,
                    &format!("{server} answers for model {model}"),
                )?;
                if !format.json {
                    probing.after(client, &candidates).await;
                }
                Ok(())
            }
            Self::List { model } => {
                let upstreams = known(client, &model).await?;
                if format.json {
                    return output::print_json(&upstreams);
                }
                output::print(&upstream_table(&read::<Vec<UpstreamView>>(upstreams)?).text(format))
            }
            Self::Change { model, upstream, terms, options } => {
                let body = terms.fields();
                if body.is_empty() {
                    let text = "nothing to change: give --api-key-env, --api-key-secret, --weight, --max-in-flight or --stream-options";
                    return Err(Failure::Local(text.to_owned()));
                }
                let id = id(client, &model, &upstream).await?;
                let path = ["models", &model, "upstreams", &id];
                let written = client.patch(&options, &path, &Value::Object(body)).await?;
                output::print_written(
                    format,
                    &written,
                    &format!("changed {upstream} of model {model}"),
                )
            }
            Self::Remove { model, upstream, options } => {
                options.confirm(&format!("{upstream} does not answer for {model} any more"))?;
                let id = id(client, &model, &upstream).await?;
                let path = ["models", &model, "upstreams", &id];
                let written = client.delete(&options, &path).await?;
                let done = format!("{upstream} does not answer for model {model} any more");
                output::print_written(format, &written, &done)
            }
        }
    }
}

async fn known(client: &Client, model: &str) -> Result<Value, Failure> {
    Ok(client.get(&["models", model, "upstreams"], &[]).await?["data"].clone())
}

/// The id of what was given by id or name.
async fn id(client: &Client, model: &str, given: &str) -> Result<String, Failure> {
    let upstreams: Vec<UpstreamView> = read(known(client, model).await?)?;
    if upstreams.iter().any(|upstream| upstream.id == given) {
        return Ok(given.to_owned());
    }
    let url = given.trim_end_matches('/');
    let at: Vec<&UpstreamView> = upstreams.iter().filter(|upstream| upstream.url == url).collect();
    match at[..] {
        [upstream] => Ok(upstream.id.clone()),
        [] => Err(Failure::Missing(format!(
            "{given} does not answer for {model}: `uplion model upstream list {model}` says who does"
        ))),
        _ => Err(Failure::Local(format!(
            "several upstreams of {model} are at {given}: say which by id, as `uplion model upstream list {model}` shows it"
        ))),
    }
}

impl Terms {
    /// The one that holds what it wants to be shown.
    fn variable(&self) -> Option<String> {
        match &self.api_key_env {
            Some(Bound::At(Text(name))) => Some(name.clone()),
            Some(Bound::None) | None => None,
        }
    }

    fn fields(&self) -> Map<String, Value> {
        let Self { api_key_env, api_key_secret, weight, max_in_flight, stream_options } = self;
        let variable = api_key_env.as_ref().map(|bound| bound.json(|Text(name)| json!(name)));
        params::body([
            ("api_key_env", variable),
            ("api_key_secret", api_key_secret.as_ref().map(SecretKey::json)),
            ("weight", weight.map(|weight| json!(weight))),
            ("max_in_flight", max_in_flight.map(|most| json!(most))),
            ("stream_options", stream_options.map(|when| json!(when.as_str()))),
        ])
    }
}

impl Upstreams {
    pub fn are_given(&self) -> bool {
        !self.upstream.is_empty()
    }

    /// Of a model of this name.
    pub fn candidates(&self, name: &str) -> Vec<Candidate> {
        let one = |url: &String| Candidate {
            url: url.clone(),
            model: self.upstream_model.clone().unwrap_or_else(|| name.to_owned()),
            api_key_env: self.api_key_env.clone(),
        };
        self.upstream.iter().map(one).collect()
    }

    pub fn to_json(&self) -> Vec<Value> {
        let Self {
            upstream,
            upstream_model,
            api_key_env,
            api_key_secret,
            weight,
            max_in_flight,
            stream_options,
        } = self;
        let stream_options = stream_options.map(StreamOptions::as_str);
        let secret = api_key_secret.as_ref().map(SecretKey::json);
        let one = |url: &String| {
            json!({
                "url": url,
                "model": upstream_model,
                "api_key_env": api_key_env,
                "api_key_secret": secret,
                "weight": weight,
                "max_in_flight": max_in_flight,
                "stream_options": stream_options,
            })
        };
        upstream.iter().map(one).collect()
    }
}

impl SecretKey {
    fn json(&self) -> Value {
        json!({ "name": self.name, "key": self.key })
    }
}

impl FromStr for SecretKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, key) =
            text.split_once('/').ok_or("a Secret and a key in it are like provider-keys/openai")?;
        Ok(Self { name: name.to_owned(), key: key.to_owned() })
    }
}
