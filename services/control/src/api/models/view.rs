//! Models and their upstreams, as callers write and read them.

use std::collections::BTreeSet;

use poem_openapi::{Enum, Object, types::MaybeUndefined};
use uplion_domain::{
    ModelName, Operation,
    model::{self, Credential, StreamOptions, Upstream, UpstreamChange},
    name::key,
};
use uplion_projections::models;

use super::terms::{ChangedTerms, TermsView};
use crate::{api::rates::word, problem::Problem};

const DEFAULT_MAX_IN_FLIGHT: u32 = 16;
const DEFAULT_WEIGHT: u32 = 1;

/// An OpenAI-compatible server that answers for a model.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Upstream", deny_unknown_fields)]
pub struct UpstreamView {
    /// Follows from its URL and its name for the model; whatever stands here in a command is ignored.
    id: Option<String>,
    /// Up to and including `/v1`.
    url: String,
    /// What that server calls the model; the same if left out.
    model: Option<String>,
    /// The environment variable of the worker that holds what the server wants as bearer token.
    api_key_env: Option<String>,
    /// Or the Kubernetes Secret that holds it, mounted in the worker.
    api_key_secret: Option<SecretKey>,
    /// Its share of the requests, beside the model's other upstreams that have room for one: 1 to 1000; 1 if left out.
    weight: Option<u32>,
    /// Requests at once; 16 if left out.
    max_in_flight: Option<u32>,
    /// Whether it is asked for the usage of its streams; `auto` if left out.
    stream_options: Option<StreamOptionsWord>,
}

/// A key of a Kubernetes Secret.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields)]
pub struct SecretKey {
    /// Of the Secret.
    name: String,
    /// In the Secret.
    key: String,
}

/// What is left out stays as it is.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct ChangedUpstream {
    /// Null: the server wants to be shown nothing.
    api_key_env: MaybeUndefined<String>,
    /// Null: the server wants to be shown nothing.
    api_key_secret: MaybeUndefined<SecretKey>,
    weight: Option<u32>,
    max_in_flight: Option<u32>,
    stream_options: Option<StreamOptionsWord>,
}

/// Whether requests to an upstream bear `stream_options.include_usage`.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename = "StreamOptions", rename_all = "snake_case")]
pub enum StreamOptionsWord {
    /// Until it refuses them.
    Auto,
    /// What it says to them is told to the client.
    Always,
    /// Usage is what it reports unasked, or counted.
    Never,
}

/// Who runs what answers for a model.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ModelKind {
    /// The installation itself.
    Local,
    /// A provider, or somebody else's server.
    Remote,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ModelStatus {
    Registered,
    Retired,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct NewModel {
    /// What clients call it: never used again, also not after the model is retired.
    pub name: String,
    /// `remote` if it has upstreams and `local` if it has none, if left out.
    pub kind: Option<ModelKind>,
    /// None: served by workers that bring their own.
    #[oai(default)]
    pub upstreams: Vec<UpstreamView>,
    /// Other names that lead to it.
    #[oai(default)]
    pub aliases: Vec<String>,
    /// Processes that may run it at once; left out: as many as there are.
    pub max_processes: Option<u32>,
    /// What it is for: `chat_completion`, `embedding`, ... Left out: everything is tried.
    pub operations: Option<Vec<String>>,
    /// How its requests are served; left out: as by default.
    pub terms: Option<TermsView>,
}

/// What is left out stays as it is.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct ChangedModel {
    pub kind: Option<ModelKind>,
    /// These answer from now on, and no others.
    pub upstreams: Option<Vec<UpstreamView>>,
    /// All its other names from now on.
    pub aliases: Option<Vec<String>>,
    /// Null: as many as there are.
    pub max_processes: MaybeUndefined<u32>,
    /// What it is for from now on; null: everything is tried.
    pub operations: MaybeUndefined<Vec<String>>,
    /// How its requests are served.
    pub terms: Option<ChangedTerms>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct Upstreams {
    /// These answer from now on, and no others.
    pub upstreams: Vec<UpstreamView>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct Aliases {
    /// All its other names from now on.
    pub aliases: Vec<String>,
}

/// A model that clients can name.
#[derive(Debug, Object)]
#[oai(rename = "Model")]
pub struct ModelView {
    name: String,
    kind: ModelKind,
    /// Told to administrators and auditors; none to others.
    upstreams: Vec<UpstreamView>,
    aliases: Vec<String>,
    /// Null: as many as there are.
    max_processes: Option<u32>,
    /// What it is for: `chat_completion`, `embedding`, ... Null: that was not said, and everything is tried.
    operations: Option<Vec<String>>,
    /// How its requests are served: what was said, and null where it is as by default.
    terms: TermsView,
    status: ModelStatus,
    registered_at: String,
    retired_at: Option<String>,
}

impl ModelView {
    /// `told`: whether the caller is told who answers for it.
    pub fn of(row: models::Model, told: bool) -> Self {
        let models::Model {
            model,
            kind,
            upstreams,
            aliases,
            max_processes,
            operations,
            terms,
            registered_at,
            retired_at,
        } = row;
        Self {
            name: model.to_string(),
            kind: ModelKind::of(kind),
            upstreams: upstreams.into_iter().filter(|_| told).map(UpstreamView::of).collect(),
            aliases: aliases.iter().map(ToString::to_string).collect(),
            max_processes,
            operations: operations.map(|all| all.iter().map(ToString::to_string).collect()),
            terms: TermsView::of(terms),
            status: match retired_at {
                None => ModelStatus::Registered,
                Some(_) => ModelStatus::Retired,
            },
            registered_at: registered_at.to_string(),
            retired_at: retired_at.map(|at| at.to_string()),
        }
    }
}

impl ModelKind {
    const fn of(kind: model::Kind) -> Self {
        match kind {
            model::Kind::Local => Self::Local,
            model::Kind::Remote => Self::Remote,
        }
    }

    pub const fn read(self) -> model::Kind {
        match self {
            Self::Local => model::Kind::Local,
            Self::Remote => model::Kind::Remote,
        }
    }
}

impl ModelStatus {
    /// As it is asked for in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Retired => "retired",
        }
    }
}

impl UpstreamView {
    pub fn of(upstream: Upstream) -> Self {
        let id = Some(upstream.id().to_string());
        let Upstream { url, model, credential, weight, max_in_flight, stream_options } = upstream;
        let (api_key_env, api_key_secret) = match credential {
            None => (None, None),
            Some(Credential::Environment(name)) => (Some(name), None),
            Some(Credential::Secret { name, key }) => (None, Some(SecretKey { name, key })),
        };
        let (model, weight) = (Some(model.to_string()), Some(weight));
        let (max_in_flight, stream_options) =
            (Some(max_in_flight), Some(StreamOptionsWord::of(stream_options)));
        Self { id, url, model, api_key_env, api_key_secret, weight, max_in_flight, stream_options }
    }

    pub fn read(&self, of: &ModelName) -> Result<Upstream, Problem> {
        let Self {
            id: _,
            url,
            model,
            api_key_env,
            api_key_secret,
            weight,
            max_in_flight,
            stream_options,
        } = self.clone();
        Ok(Upstream {
            // A slash at the end would become two when the worker adds its path.
            url: url.trim_end_matches('/').to_owned(),
            model: model.as_deref().map_or_else(|| Ok(of.clone()), name)?,
            credential: credential(api_key_env, api_key_secret)?,
            weight: weight.unwrap_or(DEFAULT_WEIGHT),
            max_in_flight: max_in_flight.unwrap_or(DEFAULT_MAX_IN_FLIGHT),
            stream_options: stream_options.map(StreamOptionsWord::read).unwrap_or_default(),
        })
    }
}

impl StreamOptionsWord {
    const fn of(options: StreamOptions) -> Self {
        match options {
            StreamOptions::Auto => Self::Auto,
            StreamOptions::Always => Self::Always,
            StreamOptions::Never => Self::Never,
        }
    }

    const fn read(self) -> StreamOptions {
        match self {
            Self::Auto => StreamOptions::Auto,
            Self::Always => StreamOptions::Always,
            Self::Never => StreamOptions::Never,
        }
    }
}

impl ChangedUpstream {
    pub fn read(self) -> Result<UpstreamChange, Problem> {
        let Self { api_key_env, api_key_secret, weight, max_in_flight, stream_options } = self;
        let credential_stated = !api_key_env.is_undefined() || !api_key_secret.is_undefined();
        let credential = credential(api_key_env.take(), api_key_secret.take())?;
        Ok(UpstreamChange {
            credential: credential_stated.then_some(credential),
            weight,
            max_in_flight,
            stream_options: stream_options.map(StreamOptionsWord::read),
        })
    }
}

fn credential(
    variable: Option<String>,
    secret: Option<SecretKey>,
) -> Result<Option<Credential>, Problem> {
    match (variable, secret) {
        (None, None) => Ok(None),
        (Some(name), None) => Ok(Some(Credential::Environment(name))),
        (None, Some(SecretKey { name, key })) => Ok(Some(Credential::Secret { name, key })),
        (Some(_), Some(_)) => Err(Problem::unacceptable(
            "rejected",
            "the API key of an upstream is in an environment variable or in a Secret, not in both",
        )),
    }
}

pub fn upstreams(views: &[UpstreamView], of: &ModelName) -> Result<Vec<Upstream>, Problem> {
    views.iter().map(|view| view.read(of)).collect()
}

pub fn operations(texts: &[String]) -> Result<BTreeSet<Operation>, Problem> {
    texts.iter().map(|text| word(text)).collect()
}

/// Its own name among the aliases says nothing new, and neither does an alias in another case.
pub fn aliases(texts: &[String], of: &ModelName) -> Result<BTreeSet<ModelName>, Problem> {
    let (mut aliases, mut known) = (BTreeSet::new(), BTreeSet::from([key(of.as_str())]));
    for text in texts {
        let alias = name(text)?;
        if known.insert(key(alias.as_str())) {
            aliases.insert(alias);
        }
    }
    Ok(aliases)
}

pub fn name(text: &str) -> Result<ModelName, Problem> {
    let name = ModelName::given(text)
        .map_err(|error| Problem::unacceptable("rejected", error.to_string()))?;
    if key(name.as_str()) == key(model::CHECK) {
        let detail = format!(
            "{} is the model that every worker serves by itself: choose another name",
            model::CHECK
        );
        return Err(Problem::unacceptable("rejected", detail));
    }
    Ok(name)
}
