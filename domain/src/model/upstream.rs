//! An upstream: an OpenAI-compatible server that answers for a model.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use super::{Rejection, StreamOptions};
use crate::ModelName;

/// Shares beyond this say no more than this.
pub const MAX_WEIGHT: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Up to and including `/v1`.
    pub url: String,
    /// What that server calls the model.
    pub model: ModelName,
    pub credential: Option<Credential>,
    /// Its share of the requests, beside the other upstreams of the model that have room for one.
    pub weight: u32,
    /// Requests at once; the worker takes no more tasks than this.
    pub max_in_flight: u32,
    pub stream_options: StreamOptions,
}

/// Where the worker finds what the upstream wants to be shown. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The name of an environment variable of the worker.
    Environment(String),
    /// A key of a Kubernetes Secret that is mounted in the worker.
    Secret { name: String, key: String },
}

/// Which upstream of a model: the same server under the same name is the same upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamId(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of an upstream: it starts with {PREFIX}")]
pub struct UnknownUpstreamId(pub String);

const PREFIX: &str = "ups_";
/// Bytes of the hash: a model has some tens of upstreams at most.
const HASH: usize = 8;

impl Upstream {
    /// One that asks for nothing and has no more to say than that it is there.
    pub fn new(url: impl Into<String>, model: ModelName, max_in_flight: u32) -> Self {
        let stream_options = StreamOptions::Auto;
        Self { url: url.into(), model, credential: None, weight: 1, max_in_flight, stream_options }
    }

    pub fn id(&self) -> UpstreamId {
        let hash = Sha256::new().chain_update(&self.url).chain_update("\n");
        let hash = hash.chain_update(self.model.as_str()).finalize();
        UpstreamId(hex::encode(&hash[..HASH]))
    }

    pub(super) fn check(&self) -> Result<(), Rejection> {
        let rest = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        let plain =
            !self.url.contains(['?', '#', '@']) && self.url.chars().all(|c| c.is_ascii_graphic());
        if !plain || host.is_none_or(str::is_empty) {
            return Err(Rejection::UnusableUrl(self.url.clone()));
        }
        if self.max_in_flight == 0 {
            return Err(Rejection::NoCapacity);
        }
        if !(1..=MAX_WEIGHT).contains(&self.weight) {
            return Err(Rejection::UnusableWeight);
        }
        self.credential.as_ref().map_or(Ok(()), Credential::check)
    }
}

impl Credential {
    fn check(&self) -> Result<(), Rejection> {
        match self {
            Self::Environment(name) if is_variable(name) => Ok(()),
            Self::Environment(_) => Err(Rejection::UnusableCredential),
            Self::Secret { name, key } if is_object(name) && is_key(key) => Ok(()),
            Self::Secret { .. } => Err(Rejection::UnusableSecret),
        }
    }
}

/// Names as POSIX has them. A pasted secret nearly always has a dash, a dot or lower case in it.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Names of objects as Kubernetes has them. Neither may lead out of the folder where Secrets are mounted.
fn is_object(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=253).contains(&name.len())
        && name.split('.').all(|part| part.starts_with(inner) && part.ends_with(inner))
        && name.chars().all(|c| inner(c) || matches!(c, '-' | '.'))
}

/// As Kubernetes has them; it takes none that starts with two dots either.
fn is_key(key: &str) -> bool {
    (1..=253).contains(&key.len())
        && key != "."
        && !key.starts_with("..")
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl fmt::Display for UpstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for UpstreamId {
    type Err = UnknownUpstreamId;

    fn from_str(text: &str) -> Result<Self, UnknownUpstreamId> {
        text.strip_prefix(PREFIX)
            .filter(|hash| hash.len() == 2 * HASH && hash.bytes().all(|b| b.is_ascii_hexdigit()))
            .map(|hash| Self(hash.to_owned()))
            .ok_or_else(|| UnknownUpstreamId(text.to_owned()))
    }
}
