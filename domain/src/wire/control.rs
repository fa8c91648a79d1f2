//! Version 1 of the events of the control plane.

use serde::{Deserialize, Serialize};

use super::{from_json, json, parsed, rates::RatesV1};
use crate::{
    Event, KeyId, ModelName, PriceId, ProjectId, Timestamp,
    api_key::{self, Models},
    model::{self, Credential, Upstream},
    price, project,
};

const PROJECT_CREATED: &str = "uplion.project.created.v1";
const PROJECT_RENAMED: &str = "uplion.project.renamed.v1";
const PROJECT_CLOSED: &str = "uplion.project.closed.v1";
const KEY_ISSUED: &str = "uplion.api_key.issued.v1";
const KEY_ALLOWED: &str = "uplion.api_key.allowed.v1";
const KEY_REVOKED: &str = "uplion.api_key.revoked.v1";
const MODEL_REGISTERED: &str = "uplion.model.registered.v1";
const MODEL_UPSTREAMS_CHANGED: &str = "uplion.model.upstreams_changed.v1";
const MODEL_ALIASES_CHANGED: &str = "uplion.model.aliases_changed.v1";
const MODEL_RETIRED: &str = "uplion.model.retired.v1";
const PRICE_SET: &str = "uplion.price.set.v1";
const PRICE_WITHDRAWN: &str = "uplion.price.withdrawn.v1";

#[derive(Serialize, Deserialize)]
struct NamedProjectV1 {
    project: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct ProjectV1 {
    project: String,
}

#[derive(Serialize, Deserialize)]
struct IssuedV1 {
    key: String,
    project: String,
    name: String,
    /// SHA-256 of the secret, hexadecimal.
    digest: String,
    /// None: all models.
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct AllowedV1 {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct KeyV1 {
    key: String,
}

#[derive(Serialize, Deserialize)]
struct RegisteredV1 {
    model: String,
    upstreams: Vec<UpstreamV1>,
    aliases: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct UpstreamsV1 {
    model: String,
    upstreams: Vec<UpstreamV1>,
}

#[derive(Serialize, Deserialize)]
struct AliasesV1 {
    model: String,
    aliases: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ModelV1 {
    model: String,
}

#[derive(Serialize, Deserialize)]
struct UpstreamV1 {
    url: String,
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<CredentialV1>,
    max_in_flight: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CredentialV1 {
    Environment(String),
}

#[derive(Serialize, Deserialize)]
struct PriceSetV1 {
    price: String,
    model: String,
    rates: RatesV1,
    /// Microseconds since 1970.
    effective_from: i64,
}

#[derive(Serialize, Deserialize)]
struct PriceV1 {
    price: String,
}

pub fn encode_project(id: ProjectId, event: &project::Event) -> (&'static str, Vec<u8>) {
    let project = id.to_string();
    let named =
        |name: &String| json(&NamedProjectV1 { project: project.clone(), name: name.clone() });
    match event {
        project::Event::Created { name, at: _ } => (PROJECT_CREATED, named(name)),
        project::Event::Renamed { name, at: _ } => (PROJECT_RENAMED, named(name)),
        project::Event::Closed { at: _ } => (PROJECT_CLOSED, json(&ProjectV1 { project })),
    }
}

pub fn encode_api_key(id: KeyId, event: &api_key::Event) -> (&'static str, Vec<u8>) {
    let key = id.to_string();
    match event {
        api_key::Event::Issued { project, name, digest, models, at: _ } => {
            let (project, digest) = (project.to_string(), digest.to_string());
            let models = written(models);
            (KEY_ISSUED, json(&IssuedV1 { key, project, name: name.clone(), digest, models }))
        }
        api_key::Event::Allowed { models, at: _ } => {
            (KEY_ALLOWED, json(&AllowedV1 { key, models: written(models) }))
        }
        api_key::Event::Revoked { at: _ } => (KEY_REVOKED, json(&KeyV1 { key })),
    }
}

pub fn encode_model(name: &ModelName, event: &model::Event) -> (&'static str, Vec<u8>) {
    let model = name.to_string();
    match event {
        model::Event::Registered { upstreams, aliases, at: _ } => {
            let upstreams = upstreams.iter().map(UpstreamV1::from).collect();
            (MODEL_REGISTERED, json(&RegisteredV1 { model, upstreams, aliases: texts(aliases) }))
        }
        model::Event::UpstreamsChanged { upstreams, at: _ } => {
            let upstreams = upstreams.iter().map(UpstreamV1::from).collect();
            (MODEL_UPSTREAMS_CHANGED, json(&UpstreamsV1 { model, upstreams }))
        }
        model::Event::AliasesChanged { aliases, at: _ } => {
            (MODEL_ALIASES_CHANGED, json(&AliasesV1 { model, aliases: texts(aliases) }))
        }
        model::Event::Retired { at: _ } => (MODEL_RETIRED, json(&ModelV1 { model })),
    }
}

pub fn encode_price(id: PriceId, event: &price::Event) -> (&'static str, Vec<u8>) {
    let price = id.to_string();
    match event {
        price::Event::Set { model, rates, effective_from, at: _ } => {
            let (model, rates) = (model.to_string(), rates.into());
            let effective_from = effective_from.micros();
            (PRICE_SET, json(&PriceSetV1 { price, model, rates, effective_from }))
        }
        price::Event::Withdrawn { at: _ } => (PRICE_WITHDRAWN, json(&PriceV1 { price })),
    }
}

pub fn read(kind: &str, payload: &[u8], at: Timestamp) -> Option<Result<Event, serde_json::Error>> {
    match kind {
        PROJECT_CREATED | PROJECT_RENAMED | PROJECT_CLOSED => read_project(kind, payload, at),
        KEY_ISSUED | KEY_ALLOWED | KEY_REVOKED => read_api_key(kind, payload, at),
        MODEL_REGISTERED | MODEL_UPSTREAMS_CHANGED | MODEL_ALIASES_CHANGED | MODEL_RETIRED => {
            read_model(kind, payload, at)
        }
        PRICE_SET | PRICE_WITHDRAWN => read_price(kind, payload, at),
        _ => None,
    }
}

fn read_project(
    kind: &str,
    payload: &[u8],
    at: Timestamp,
) -> Option<Result<Event, serde_json::Error>> {
    match kind {
        PROJECT_CREATED => from_json(payload, |NamedProjectV1 { project, name }| {
            Ok(Event::Project(parsed(&project)?, project::Event::Created { name, at }))
        }),
        PROJECT_RENAMED => from_json(payload, |NamedProjectV1 { project, name }| {
            Ok(Event::Project(parsed(&project)?, project::Event::Renamed { name, at }))
        }),
        PROJECT_CLOSED => from_json(payload, |ProjectV1 { project }| {
            Ok(Event::Project(parsed(&project)?, project::Event::Closed { at }))
        }),
        _ => None,
    }
}

fn read_api_key(
    kind: &str,
    payload: &[u8],
    at: Timestamp,
) -> Option<Result<Event, serde_json::Error>> {
    match kind {
        KEY_ISSUED => from_json(payload, |IssuedV1 { key, project, name, digest, models }| {
            let (project, digest, models) = (parsed(&project)?, parsed(&digest)?, allowed(models)?);
            let event = api_key::Event::Issued { project, name, digest, models, at };
            Ok(Event::ApiKey(parsed(&key)?, event))
        }),
        KEY_ALLOWED => from_json(payload, |AllowedV1 { key, models }| {
            let models = allowed(models)?;
            Ok(Event::ApiKey(parsed(&key)?, api_key::Event::Allowed { models, at }))
        }),
        KEY_REVOKED => from_json(payload, |KeyV1 { key }| {
            Ok(Event::ApiKey(parsed(&key)?, api_key::Event::Revoked { at }))
        }),
        _ => None,
    }
}

fn read_model(
    kind: &str,
    payload: &[u8],
    at: Timestamp,
) -> Option<Result<Event, serde_json::Error>> {
    match kind {
        MODEL_REGISTERED => from_json(payload, |RegisteredV1 { model, upstreams, aliases }| {
            let (upstreams, aliases) = (read_upstreams(upstreams)?, names(&aliases)?);
            Ok(Event::Model(parsed(&model)?, model::Event::Registered { upstreams, aliases, at }))
        }),
        MODEL_UPSTREAMS_CHANGED => from_json(payload, |UpstreamsV1 { model, upstreams }| {
            let upstreams = read_upstreams(upstreams)?;
            Ok(Event::Model(parsed(&model)?, model::Event::UpstreamsChanged { upstreams, at }))
        }),
        MODEL_ALIASES_CHANGED => from_json(payload, |AliasesV1 { model, aliases }| {
            let aliases = names(&aliases)?;
            Ok(Event::Model(parsed(&model)?, model::Event::AliasesChanged { aliases, at }))
        }),
        MODEL_RETIRED => from_json(payload, |ModelV1 { model }| {
            Ok(Event::Model(parsed(&model)?, model::Event::Retired { at }))
        }),
        _ => None,
    }
}

fn read_price(
    kind: &str,
    payload: &[u8],
    at: Timestamp,
) -> Option<Result<Event, serde_json::Error>> {
    match kind {
        PRICE_SET => from_json(payload, |PriceSetV1 { price, model, rates, effective_from }| {
            let effective_from = Timestamp::from_micros(effective_from);
            let (model, rates) = (parsed(&model)?, rates.into());
            Ok(Event::Price(
                parsed(&price)?,
                price::Event::Set { model, rates, effective_from, at },
            ))
        }),
        PRICE_WITHDRAWN => from_json(payload, |PriceV1 { price }| {
            Ok(Event::Price(parsed(&price)?, price::Event::Withdrawn { at }))
        }),
        _ => None,
    }
}

fn texts<'a>(names: impl IntoIterator<Item = &'a ModelName>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}

fn names<C: FromIterator<ModelName>>(texts: &[String]) -> Result<C, serde_json::Error> {
    texts.iter().map(|text| parsed(text)).collect()
}

fn written(models: &Models) -> Option<Vec<String>> {
    match models {
        Models::All => None,
        Models::Only(models) => Some(texts(models)),
    }
}

fn allowed(models: Option<Vec<String>>) -> Result<Models, serde_json::Error> {
    Ok(match models {
        None => Models::All,
        Some(models) => Models::Only(names(&models)?),
    })
}

fn read_upstreams(upstreams: Vec<UpstreamV1>) -> Result<Vec<Upstream>, serde_json::Error> {
    upstreams.into_iter().map(UpstreamV1::read).collect()
}

impl From<&Upstream> for UpstreamV1 {
    fn from(upstream: &Upstream) -> Self {
        let Upstream { url, model, credential, max_in_flight } = upstream;
        let credential = credential.as_ref().map(|credential| match credential {
            Credential::Environment(name) => CredentialV1::Environment(name.clone()),
        });
        let (url, model) = (url.clone(), model.to_string());
        Self { url, model, credential, max_in_flight: *max_in_flight }
    }
}

impl UpstreamV1 {
    fn read(self) -> Result<Upstream, serde_json::Error> {
        let Self { url, model, credential, max_in_flight } = self;
        let credential = credential.map(|credential| match credential {
            CredentialV1::Environment(name) => Credential::Environment(name),
        });
        Ok(Upstream { url, model: parsed(&model)?, credential, max_in_flight })
    }
}
