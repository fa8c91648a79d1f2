//! The events of models, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    Event, ModelName, Timestamp,
    model::{
        self, Credential,
        Event::{AliasesChanged, Registered, Retired, UpstreamsChanged},
        Upstream,
    },
};

const REGISTERED: &str = "uplion.model.registered.v1";
const UPSTREAMS_CHANGED: &str = "uplion.model.upstreams_changed.v1";
const ALIASES_CHANGED: &str = "uplion.model.aliases_changed.v1";
const RETIRED: &str = "uplion.model.retired.v1";

pub const READERS: Readers = &[
    (REGISTERED, registered),
    (UPSTREAMS_CHANGED, upstreams_changed),
    (ALIASES_CHANGED, aliases_changed),
    (RETIRED, retired),
];

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

pub fn encode(name: &ModelName, event: &model::Event) -> (&'static str, Vec<u8>) {
    let model = name.to_string();
    match event {
        Registered { upstreams, aliases, at: _ } => {
            let upstreams = upstreams.iter().map(UpstreamV1::from).collect();
            (REGISTERED, json(&RegisteredV1 { model, upstreams, aliases: texts(aliases) }))
        }
        UpstreamsChanged { upstreams, at: _ } => {
            let upstreams = upstreams.iter().map(UpstreamV1::from).collect();
            (UPSTREAMS_CHANGED, json(&UpstreamsV1 { model, upstreams }))
        }
        AliasesChanged { aliases, at: _ } => {
            (ALIASES_CHANGED, json(&AliasesV1 { model, aliases: texts(aliases) }))
        }
        Retired { at: _ } => (RETIRED, json(&ModelV1 { model })),
    }
}

fn registered(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let RegisteredV1 { model, upstreams, aliases } = shape(payload)?;
    let upstreams = upstreams.into_iter().map(UpstreamV1::read).collect::<Result<_, _>>()?;
    let aliases = names(&aliases)?;
    Ok(Event::Model(parsed(&model)?, Registered { upstreams, aliases, at }))
}

fn upstreams_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let UpstreamsV1 { model, upstreams } = shape(payload)?;
    let upstreams = upstreams.into_iter().map(UpstreamV1::read).collect::<Result<_, _>>()?;
    Ok(Event::Model(parsed(&model)?, UpstreamsChanged { upstreams, at }))
}

fn aliases_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AliasesV1 { model, aliases } = shape(payload)?;
    Ok(Event::Model(parsed(&model)?, AliasesChanged { aliases: names(&aliases)?, at }))
}

fn retired(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ModelV1 { model } = shape(payload)?;
    Ok(Event::Model(parsed(&model)?, Retired { at }))
}

fn texts<'a>(names: impl IntoIterator<Item = &'a ModelName>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}

fn names<C: FromIterator<ModelName>>(texts: &[String]) -> Result<C, serde_json::Error> {
    texts.iter().map(|text| parsed(text)).collect()
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
