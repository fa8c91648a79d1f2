//! The events of API keys, as they are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Readers,
    budget::{BudgetV1, LimitsV1},
    json, parsed, shape,
};
use crate::{
    Event, KeyId, ModelName, Timestamp,
    api_key::{
        self,
        Event::{
            Allowed, BudgetChanged, Described, Disabled, Enabled, ExpiryChanged, Issued,
            LimitsChanged, QuotaChanged, Revoked, Rotated,
        },
        Models, Quota, Terms,
    },
    budget::Budget,
    limits::Limits,
};

const ISSUED_V1: &str = "uplion.api_key.issued.v1";
const ISSUED: &str = "uplion.api_key.issued.v2";
const DESCRIBED: &str = "uplion.api_key.described.v1";
const ALLOWED: &str = "uplion.api_key.allowed.v1";
const EXPIRY_CHANGED: &str = "uplion.api_key.expiry_changed.v1";
const QUOTA_CHANGED: &str = "uplion.api_key.quota_changed.v1";
const BUDGET_CHANGED: &str = "uplion.api_key.budget_changed.v1";
const LIMITS_CHANGED: &str = "uplion.api_key.limits_changed.v1";
const ENABLED: &str = "uplion.api_key.enabled.v1";
const DISABLED: &str = "uplion.api_key.disabled.v1";
const ROTATED: &str = "uplion.api_key.rotated.v1";
const REVOKED: &str = "uplion.api_key.revoked.v1";

pub const READERS: Readers = &[
    (ISSUED, issued),
    (ISSUED_V1, issued_v1),
    (DESCRIBED, described),
    (ALLOWED, allowed),
    (EXPIRY_CHANGED, expiry_changed),
    (QUOTA_CHANGED, quota_changed),
    (BUDGET_CHANGED, budget_changed),
    (LIMITS_CHANGED, limits_changed),
    (ENABLED, |payload, at| switched(payload, Enabled { at })),
    (DISABLED, |payload, at| switched(payload, Disabled { at })),
    (ROTATED, rotated),
    (REVOKED, |payload, at| switched(payload, Revoked { at })),
];

/// From before keys had terms: no end, no quota, no limits.
#[derive(Deserialize)]
struct IssuedV1 {
    key: String,
    project: String,
    name: String,
    digest: String,
    models: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct IssuedV2 {
    key: String,
    project: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    /// SHA-256 of the secret, hexadecimal.
    digest: String,
    /// None: all models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
    /// Microseconds since 1970, as all times here. None: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// Tokens. None: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetV1>,
    limits: LimitsV1,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    model_limits: BTreeMap<String, LimitsV1>,
}

#[derive(Serialize, Deserialize)]
struct DescribedV1 {
    key: String,
    name: String,
    description: String,
}

#[derive(Serialize, Deserialize)]
struct AllowedV1 {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct ExpiryV1 {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct QuotaV1 {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct KeyBudgetV1 {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetV1>,
}

#[derive(Serialize, Deserialize)]
struct KeyLimitsV1 {
    key: String,
    limits: LimitsV1,
    model_limits: BTreeMap<String, LimitsV1>,
}

#[derive(Serialize, Deserialize)]
struct RotatedV1 {
    key: String,
    digest: String,
    previous_until: i64,
}

#[derive(Serialize, Deserialize)]
struct KeyV1 {
    key: String,
}

pub fn encode(id: KeyId, event: &api_key::Event) -> (&'static str, Vec<u8>) {
    let key = id.to_string();
    match event {
        Issued { digest, terms, at: _ } => (ISSUED, json(&IssuedV2::of(key, digest, terms))),
        Described { name, description, at: _ } => {
            let (name, description) = (name.clone(), description.clone());
            (DESCRIBED, json(&DescribedV1 { key, name, description }))
        }
        Allowed { models, at: _ } => (ALLOWED, json(&AllowedV1 { key, models: texts(models) })),
        ExpiryChanged { expires_at, at: _ } => {
            let expires_at = expires_at.map(Timestamp::micros);
            (EXPIRY_CHANGED, json(&ExpiryV1 { key, expires_at }))
        }
        QuotaChanged { quota, at: _ } => {
            (QUOTA_CHANGED, json(&QuotaV1 { key, quota: tokens(*quota) }))
        }
        BudgetChanged { budget, at: _ } => {
            let budget = budget.as_ref().map(BudgetV1::from);
            (BUDGET_CHANGED, json(&KeyBudgetV1 { key, budget }))
        }
        LimitsChanged { limits, model_limits, at: _ } => {
            let (limits, model_limits) = (limits.into(), by_text(model_limits));
            (LIMITS_CHANGED, json(&KeyLimitsV1 { key, limits, model_limits }))
        }
        Enabled { at: _ } => (ENABLED, json(&KeyV1 { key })),
        Disabled { at: _ } => (DISABLED, json(&KeyV1 { key })),
        Rotated { digest, previous_until, at: _ } => {
            let (digest, previous_until) = (digest.to_string(), previous_until.micros());
            (ROTATED, json(&RotatedV1 { key, digest, previous_until }))
        }
        Revoked { at: _ } => (REVOKED, json(&KeyV1 { key })),
    }
}

impl IssuedV2 {
    fn of(key: String, digest: &crate::KeyDigest, terms: &Terms) -> Self {
        let Terms {
            project,
            owner,
            name,
            description,
            models,
            expires_at,
            quota,
            budget,
            limits,
            model_limits,
        } = terms;
        Self {
            key,
            project: project.to_string(),
            owner: owner.map(|owner| owner.to_string()),
            name: name.clone(),
            description: description.clone(),
            digest: digest.to_string(),
            models: texts(models),
            expires_at: expires_at.map(Timestamp::micros),
            quota: tokens(*quota),
            budget: budget.as_ref().map(BudgetV1::from),
            limits: limits.into(),
            model_limits: by_text(model_limits),
        }
    }
}

fn issued_v1(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let IssuedV1 { key, project, name, digest, models } = shape(payload)?;
    let terms = Terms { models: names(models)?, ..Terms::new(parsed(&project)?, name) };
    let (digest, terms) = (parsed(&digest)?, Box::new(terms));
    Ok(Event::ApiKey(parsed(&key)?, Issued { digest, terms, at }))
}

fn issued(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let IssuedV2 {
        key,
        project,
        owner,
        name,
        description,
        digest,
        models,
        expires_at,
        quota,
        budget,
        limits,
        model_limits,
    } = shape(payload)?;
    let terms = Terms {
        project: parsed(&project)?,
        owner: owner.as_deref().map(parsed).transpose()?,
        name,
        description,
        models: names(models)?,
        expires_at: expires_at.map(Timestamp::from_micros),
        quota: quota.map_or(Quota::Unlimited, Quota::Tokens),
        budget: budget.map(Budget::try_from).transpose()?,
        limits: limits.into(),
        model_limits: by_name(model_limits)?,
    };
    let (digest, terms) = (parsed(&digest)?, Box::new(terms));
    Ok(Event::ApiKey(parsed(&key)?, Issued { digest, terms, at }))
}

fn described(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let DescribedV1 { key, name, description } = shape(payload)?;
    Ok(Event::ApiKey(parsed(&key)?, Described { name, description, at }))
}

fn allowed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AllowedV1 { key, models } = shape(payload)?;
    Ok(Event::ApiKey(parsed(&key)?, Allowed { models: names(models)?, at }))
}

fn expiry_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ExpiryV1 { key, expires_at } = shape(payload)?;
    let expires_at = expires_at.map(Timestamp::from_micros);
    Ok(Event::ApiKey(parsed(&key)?, ExpiryChanged { expires_at, at }))
}

fn quota_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let QuotaV1 { key, quota } = shape(payload)?;
    let quota = quota.map_or(Quota::Unlimited, Quota::Tokens);
    Ok(Event::ApiKey(parsed(&key)?, QuotaChanged { quota, at }))
}

fn budget_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let KeyBudgetV1 { key, budget } = shape(payload)?;
    let budget = budget.map(Budget::try_from).transpose()?;
    Ok(Event::ApiKey(parsed(&key)?, BudgetChanged { budget, at }))
}

fn limits_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let KeyLimitsV1 { key, limits, model_limits } = shape(payload)?;
    let (limits, model_limits) = (limits.into(), by_name(model_limits)?);
    Ok(Event::ApiKey(parsed(&key)?, LimitsChanged { limits, model_limits, at }))
}

fn rotated(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let RotatedV1 { key, digest, previous_until } = shape(payload)?;
    let previous_until = Timestamp::from_micros(previous_until);
    let digest = parsed(&digest)?;
    Ok(Event::ApiKey(parsed(&key)?, Rotated { digest, previous_until, at }))
}

/// The events that say no more than which key it was.
fn switched(payload: &[u8], event: api_key::Event) -> Result<Event, serde_json::Error> {
    let KeyV1 { key } = shape(payload)?;
    Ok(Event::ApiKey(parsed(&key)?, event))
}

const fn tokens(quota: Quota) -> Option<u64> {
    match quota {
        Quota::Unlimited => None,
        Quota::Tokens(tokens) => Some(tokens),
    }
}

fn texts(models: &Models) -> Option<Vec<String>> {
    match models {
        Models::All => None,
        Models::Only(models) => Some(models.iter().map(ToString::to_string).collect()),
    }
}

fn names(models: Option<Vec<String>>) -> Result<Models, serde_json::Error> {
    match models {
        None => Ok(Models::All),
        Some(models) => {
            models.iter().map(|name| parsed(name)).collect::<Result<_, _>>().map(Models::Only)
        }
    }
}

fn by_text(limits: &BTreeMap<ModelName, Limits>) -> BTreeMap<String, LimitsV1> {
    limits.iter().map(|(model, limits)| (model.to_string(), limits.into())).collect()
}

fn by_name(
    limits: BTreeMap<String, LimitsV1>,
) -> Result<BTreeMap<ModelName, Limits>, serde_json::Error> {
    limits.into_iter().map(|(model, limits)| Ok((parsed(&model)?, limits.into()))).collect()
}
