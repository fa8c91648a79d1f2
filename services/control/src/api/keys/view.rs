//! API keys, as callers write and read them.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::MaybeUndefined};
use uplion_domain::{
    Limits, ModelName, Nanos, Timestamp,
    api_key::{Models, Quota, Terms},
};
use uplion_projections::api_keys::{self, ApiKey, Listed};

use crate::{
    api::allowance::{BudgetView, LimitsView},
    labels::Loaded,
};

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct NewKey {
    /// The project that its usage is billed to, by id or name.
    pub project: String,
    /// For people: what or whom it is for. At most 128 characters.
    #[oai(validator(min_length = 1, max_length = 128))]
    pub name: String,
    /// At most 1000 characters.
    #[oai(validator(max_length = 1000))]
    pub description: Option<String>,
    /// The member whose key it is, by id or e-mail address. Left out: the caller's own if it is a mere member, else the project's.
    pub owner: Option<String>,
    /// The only models that it may use, by name or alias; null or left out: all.
    pub models: Option<Vec<String>>,
    /// From then on it is not served. RFC 3339; left out: never.
    pub expires_at: Option<String>,
    /// Tokens that it may use in its life, of prompts and answers together; left out: without end.
    pub token_quota: Option<u64>,
    pub budget: Option<BudgetView>,
    pub limits: Option<LimitsView>,
    /// Beside its own limits, for what it does with one model; by name or alias.
    pub model_limits: Option<BTreeMap<String, LimitsView>>,
}

/// What is left out stays as it is.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct ChangedKey {
    #[oai(validator(min_length = 1, max_length = 128))]
    pub name: Option<String>,
    #[oai(validator(max_length = 1000))]
    pub description: Option<String>,
    /// The only models that it may use from now on, by name or alias; null: all.
    pub models: MaybeUndefined<Vec<String>>,
    /// From then on it is not served; null: never.
    pub expires_at: MaybeUndefined<String>,
    /// Null: without end.
    pub token_quota: MaybeUndefined<u64>,
    /// Null: none of its own.
    pub budget: MaybeUndefined<BudgetView>,
    /// All of them: what is left out within is limited no more. Null: nothing is limited.
    pub limits: MaybeUndefined<LimitsView>,
    /// For all models together; null: nothing is limited by model.
    pub model_limits: MaybeUndefined<BTreeMap<String, LimitsView>>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct AllowedModels {
    /// The only models that it may use from now on, by name or alias; null: all.
    pub models: Option<Vec<String>>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct Rotation {
    /// So long the secret before is served beside the new one, at most 2592000 (30 days). Left out: not at all.
    #[oai(validator(maximum(value = "2592000")))]
    pub grace_seconds: Option<u32>,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum KeyStatus {
    Active,
    /// Until it is enabled.
    Disabled,
    /// Until it is given more time.
    Expired,
    /// For ever.
    Revoked,
}

/// What a member's program shows the gateway to be served. The secret is not stored.
#[derive(Debug, Object)]
#[oai(rename = "Key")]
pub struct KeyView {
    id: String,
    name: String,
    description: String,
    project: String,
    project_name: Option<String>,
    /// The member whose key it is; null if it is the project's.
    owner: Option<String>,
    /// Null: all models.
    models: Option<Vec<String>>,
    status: KeyStatus,
    /// Null: never.
    expires_at: Option<String>,
    /// Null: without end.
    token_quota: Option<u64>,
    /// Of prompts and answers together, as they were charged.
    tokens_used: u64,
    /// Null if there is no quota.
    tokens_remaining: Option<u64>,
    /// What its usage has cost.
    cost: String,
    /// Of the installation, which cost and budget are in.
    currency: String,
    last_used_at: Option<String>,
    budget: Option<BudgetView>,
    /// Null: nothing is limited.
    limits: Option<LimitsView>,
    model_limits: BTreeMap<String, LimitsView>,
    issued_at: String,
    /// When it was last given a new secret.
    rotated_at: Option<String>,
    /// Until when the secret before that is served.
    previous_secret_until: Option<String>,
    revoked_at: Option<String>,
}

impl KeyStatus {
    /// As it is asked for in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => api_keys::Status::Active.as_str(),
            Self::Disabled => api_keys::Status::Disabled.as_str(),
            Self::Expired => api_keys::Status::Expired.as_str(),
            Self::Revoked => api_keys::Status::Revoked.as_str(),
        }
    }

    const fn of(status: api_keys::Status) -> Self {
        match status {
            api_keys::Status::Active => Self::Active,
            api_keys::Status::Disabled => Self::Disabled,
            api_keys::Status::Expired => Self::Expired,
            api_keys::Status::Revoked => Self::Revoked,
        }
    }
}

impl KeyView {
    pub fn of(row: Listed, labels: &Loaded, now: Timestamp) -> Self {
        let Listed { key, tokens, cost, last_used_at } = row;
        let status = KeyStatus::of(key.status(now));
        let ApiKey { key, terms, switch: _, issued_at, rotation, revoked_at } = key;
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
            id: key.to_string(),
            name,
            description,
            project_name: labels.project(project),
            project: project.to_string(),
            owner: owner.map(|owner| owner.to_string()),
            models: match models {
                Models::All => None,
                Models::Only(models) => Some(models.iter().map(ToString::to_string).collect()),
            },
            status,
            expires_at: expires_at.map(|at| at.to_string()),
            token_quota: match quota {
                Quota::Unlimited => None,
                Quota::Tokens(tokens) => Some(tokens),
            },
            tokens_used: tokens,
            tokens_remaining: quota.remaining(tokens),
            cost: cost.to_string(),
            currency: labels.currency(),
            last_used_at: last_used_at.map(|at| at.to_string()),
            budget: budget.map(BudgetView::of),
            limits: (limits != Limits::NONE).then(|| LimitsView::of(limits)),
            model_limits: by_text(&model_limits),
            issued_at: issued_at.to_string(),
            rotated_at: rotation.map(|rotation| rotation.at.to_string()),
            previous_secret_until: rotation.map(|rotation| rotation.previous_until.to_string()),
            revoked_at: revoked_at.map(|at| at.to_string()),
        }
    }
}

fn by_text(limits: &BTreeMap<ModelName, Limits>) -> BTreeMap<String, LimitsView> {
    limits.iter().map(|(model, limits)| (model.to_string(), LimitsView::of(*limits))).collect()
}

/// A key that was never used.
pub const fn unused(key: ApiKey) -> Listed {
    Listed { key, tokens: 0, cost: Nanos::ZERO, last_used_at: None }
}
