//! The events of models, as they are written.

mod terms;

use serde::{Deserialize, Serialize};

use self::terms::TermsV1;
use super::{Readers, json, parsed, shape, text::Text};
use crate::{
    Event, ModelName, Operation, Timestamp,
    model::{
        self, Credential,
        Event::{
            AliasesChanged, KindChanged, OperationsChanged, ProcessesChanged, Registered, Retired,
            TermsChanged, UpstreamsChanged,
        },
        Kind, Operations, Upstream,
    },
};

const REGISTERED_V1: &str = "uplion.model.registered.v1";
const REGISTERED_V2: &str = "uplion.model.registered.v2";
const REGISTERED: &str = "uplion.model.registered.v3";
const UPSTREAMS_CHANGED_V1: &str = "uplion.model.upstreams_changed.v1";
const UPSTREAMS_CHANGED: &str = "uplion.model.upstreams_changed.v2";
const ALIASES_CHANGED: &str = "uplion.model.aliases_changed.v1";
const KIND_CHANGED: &str = "uplion.model.kind_changed.v1";
const PROCESSES_CHANGED: &str = "uplion.model.processes_changed.v1";
const OPERATIONS_CHANGED: &str = "uplion.model.operations_changed.v1";
const TERMS_CHANGED: &str = "uplion.model.terms_changed.v1";
const RETIRED: &str = "uplion.model.retired.v1";

pub const READERS: Readers = &[
    (REGISTERED, registered),
    (REGISTERED_V2, registered_v2),
    (REGISTERED_V1, registered_v1),
    (UPSTREAMS_CHANGED, upstreams_changed),
    (UPSTREAMS_CHANGED_V1, upstreams_changed_v1),
    (ALIASES_CHANGED, aliases_changed),
    (KIND_CHANGED, kind_changed),
    (PROCESSES_CHANGED, processes_changed),
    (OPERATIONS_CHANGED, operations_changed),
    (TERMS_CHANGED, terms_changed),
    (RETIRED, retired),
];

/// From before a model had a kind, and its upstreams weights.
#[derive(Deserialize)]
struct RegisteredV1 {
    model: String,
    upstreams: Vec<UpstreamV1>,
    aliases: Vec<String>,
}

/// From before a model said which operations it serves.
#[derive(Deserialize)]
struct RegisteredV2 {
    model: String,
    kind: String,
    upstreams: Vec<UpstreamV2>,
    aliases: Vec<String>,
    max_processes: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct RegisteredV3 {
    model: String,
    kind: String,
    upstreams: Vec<UpstreamV2>,
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_processes: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<Text<Operation>>>,
}

#[derive(Deserialize)]
struct UpstreamsV1 {
    model: String,
    upstreams: Vec<UpstreamV1>,
}

#[derive(Serialize, Deserialize)]
struct UpstreamsV2 {
    model: String,
    upstreams: Vec<UpstreamV2>,
}

#[derive(Serialize, Deserialize)]
struct KindV1 {
    model: String,
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct ProcessesV1 {
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_processes: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct OperationsV1 {
    model: String,
    /// None: not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<Text<Operation>>>,
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

#[derive(Deserialize)]
struct UpstreamV1 {
    url: String,
    model: String,
    credential: Option<CredentialV1>,
    max_in_flight: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CredentialV1 {
    Environment(String),
}

#[derive(Serialize, Deserialize)]
struct UpstreamV2 {
    url: String,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential: Option<CredentialV2>,
    weight: u32,
    max_in_flight: u32,
    /// None: learnt from the upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream_options: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CredentialV2 {
    Environment(String),
    Secret { name: String, key: String },
}

pub fn encode(name: &ModelName, event: &model::Event) -> (&'static str, Vec<u8>) {
    let model = name.to_string();
    match event {
        Registered { kind, upstreams, aliases, max_processes, operations, at: _ } => {
            let registered = RegisteredV3 {
                model,
                kind: kind.to_string(),
                upstreams: upstreams.iter().map(UpstreamV2::from).collect(),
                aliases: texts(aliases),
                max_processes: *max_processes,
                operations: words(operations),
            };
            (REGISTERED, json(&registered))
        }
        UpstreamsChanged { upstreams, at: _ } => {
            let upstreams = upstreams.iter().map(UpstreamV2::from).collect();
            (UPSTREAMS_CHANGED, json(&UpstreamsV2 { model, upstreams }))
        }
        AliasesChanged { aliases, at: _ } => {
            (ALIASES_CHANGED, json(&AliasesV1 { model, aliases: texts(aliases) }))
        }
        KindChanged { kind, at: _ } => {
            (KIND_CHANGED, json(&KindV1 { model, kind: kind.to_string() }))
        }
        ProcessesChanged { max_processes, at: _ } => {
            (PROCESSES_CHANGED, json(&ProcessesV1 { model, max_processes: *max_processes }))
        }
        OperationsChanged { operations, at: _ } => {
            (OPERATIONS_CHANGED, json(&OperationsV1 { model, operations: words(operations) }))
        }
        TermsChanged { terms, at: _ } => (TERMS_CHANGED, json(&TermsV1::of(model, *terms))),
        Retired { at: _ } => (RETIRED, json(&ModelV1 { model })),
    }
}

fn registered_v1(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let RegisteredV1 { model, upstreams, aliases } = shape(payload)?;
    let upstreams = upstreams.into_iter().map(UpstreamV1::read).collect::<Result<Vec<_>, _>>()?;
    let (kind, aliases) = (Kind::of(&upstreams), names(&aliases)?);
    let registered =
        Registered { kind, upstreams, aliases, max_processes: None, operations: None, at };
    Ok(Event::Model(parsed(&model)?, registered))
}

fn registered_v2(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let RegisteredV2 { model, kind, upstreams, aliases, max_processes } = shape(payload)?;
    let today = RegisteredV3 { model, kind, upstreams, aliases, max_processes, operations: None };
    today.read(at)
}

fn registered(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    shape::<RegisteredV3>(payload)?.read(at)
}

fn upstreams_changed_v1(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let UpstreamsV1 { model, upstreams } = shape(payload)?;
    let upstreams = upstreams.into_iter().map(UpstreamV1::read).collect::<Result<_, _>>()?;
    Ok(Event::Model(parsed(&model)?, UpstreamsChanged { upstreams, at }))
}

fn upstreams_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let UpstreamsV2 { model, upstreams } = shape(payload)?;
    let upstreams = upstreams.into_iter().map(UpstreamV2::read).collect::<Result<_, _>>()?;
    Ok(Event::Model(parsed(&model)?, UpstreamsChanged { upstreams, at }))
}

fn aliases_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AliasesV1 { model, aliases } = shape(payload)?;
    Ok(Event::Model(parsed(&model)?, AliasesChanged { aliases: names(&aliases)?, at }))
}

fn kind_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let KindV1 { model, kind } = shape(payload)?;
    Ok(Event::Model(parsed(&model)?, KindChanged { kind: parsed(&kind)?, at }))
}

fn processes_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ProcessesV1 { model, max_processes } = shape(payload)?;
    Ok(Event::Model(parsed(&model)?, ProcessesChanged { max_processes, at }))
}

fn operations_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let OperationsV1 { model, operations } = shape(payload)?;
    let operations = read_words(operations);
    Ok(Event::Model(parsed(&model)?, OperationsChanged { operations, at }))
}

fn terms_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let said: TermsV1 = shape(payload)?;
    Ok(Event::Model(parsed(&said.model)?, TermsChanged { terms: said.terms(), at }))
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

fn words(operations: &Operations) -> Option<Vec<Text<Operation>>> {
    operations.as_ref().map(|all| all.iter().cloned().map(Text).collect())
}

fn read_words(operations: Option<Vec<Text<Operation>>>) -> Operations {
    operations.map(|all| all.into_iter().map(|Text(operation)| operation).collect())
}

impl RegisteredV3 {
    fn read(self, at: Timestamp) -> Result<Event, serde_json::Error> {
        let Self { model, kind, upstreams, aliases, max_processes, operations } = self;
        let upstreams = upstreams.into_iter().map(UpstreamV2::read).collect::<Result<_, _>>()?;
        let (kind, aliases) = (parsed(&kind)?, names(&aliases)?);
        let operations = read_words(operations);
        let registered = Registered { kind, upstreams, aliases, max_processes, operations, at };
        Ok(Event::Model(parsed(&model)?, registered))
    }
}

impl From<&Upstream> for UpstreamV2 {
    fn from(upstream: &Upstream) -> Self {
        let Upstream { url, model, credential, weight, max_in_flight, stream_options } = upstream;
        let credential = credential.as_ref().map(|credential| match credential {
            Credential::Environment(name) => CredentialV2::Environment(name.clone()),
            Credential::Secret { name, key } => {
                CredentialV2::Secret { name: name.clone(), key: key.clone() }
            }
        });
        let (url, model) = (url.clone(), model.to_string());
        let stream_options = stream_options.written();
        let (weight, max_in_flight) = (*weight, *max_in_flight);
        Self { url, model, credential, weight, max_in_flight, stream_options }
    }
}

impl UpstreamV2 {
    fn read(self) -> Result<Upstream, serde_json::Error> {
        let Self { url, model, credential, weight, max_in_flight, stream_options } = self;
        let credential = credential.map(|credential| match credential {
            CredentialV2::Environment(name) => Credential::Environment(name),
            CredentialV2::Secret { name, key } => Credential::Secret { name, key },
        });
        let stream_options = stream_options.as_deref().map(parsed).transpose()?.unwrap_or_default();
        let model = parsed(&model)?;
        Ok(Upstream { url, model, credential, weight, max_in_flight, stream_options })
    }
}

impl UpstreamV1 {
    fn read(self) -> Result<Upstream, serde_json::Error> {
        let Self { url, model, credential, max_in_flight } = self;
        let credential =
            credential.map(|CredentialV1::Environment(name)| Credential::Environment(name));
        Ok(Upstream { credential, ..Upstream::new(url, parsed(&model)?, max_in_flight) })
    }
}
