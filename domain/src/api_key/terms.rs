//! What a key may be used for, by whom, how long and how much.

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, Rejection, unless};
use crate::{
    ModelName, ProjectId, Timestamp, UserId,
    budget::Budget,
    limits::Limits,
    name::{self, Most},
};

/// Characters.
pub const MAX_NAME: usize = 128;
/// Characters.
pub const MAX_DESCRIPTION: usize = 1_000;
/// Tokens: exact in any JSON reader.
pub const MAX_QUOTA: u64 = 1_000_000_000_000_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub project: ProjectId,
    /// The member whose key it is; none if it is the project's.
    pub owner: Option<UserId>,
    pub name: String,
    pub description: String,
    pub models: Models,
    /// None: never.
    pub expires_at: Option<Timestamp>,
    pub quota: Quota,
    pub budget: Option<Budget>,
    pub limits: Limits,
    /// Beside the key's own limits, for what it does with one model.
    pub model_limits: BTreeMap<ModelName, Limits>,
}

/// What a key may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Models {
    All,
    Only(BTreeSet<ModelName>),
}

/// How many tokens a key may use in its life, of prompts and answers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quota {
    #[default]
    Unlimited,
    Tokens(u64),
}

/// What may change about a key, one thing at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// What is none stays as it is.
    Describe {
        name: Option<String>,
        description: Option<String>,
    },
    Allow {
        models: Models,
    },
    /// None: it does not expire.
    Expiry {
        expires_at: Option<Timestamp>,
    },
    Quota {
        quota: Quota,
    },
    Budget {
        budget: Option<Budget>,
    },
    /// What is none stays as it is.
    Limits {
        limits: Option<Limits>,
        model_limits: Option<BTreeMap<ModelName, Limits>>,
    },
}

impl Terms {
    /// Serves everything of the project without end.
    pub fn new(project: ProjectId, name: impl Into<String>) -> Self {
        Self {
            project,
            owner: None,
            name: name.into(),
            description: String::new(),
            models: Models::All,
            expires_at: None,
            quota: Quota::Unlimited,
            budget: None,
            limits: Limits::default(),
            model_limits: BTreeMap::new(),
        }
    }

    /// As they are issued: the name as names are kept.
    pub(super) fn checked(mut self, at: Timestamp) -> Result<Self, Rejection> {
        self.name = described(&self.name, &self.description)?;
        self.models.check()?;
        to_come(self.expires_at, at)?;
        self.quota.check()?;
        self.budget.as_ref().map_or(Ok(()), Budget::check)?;
        self.limits.check()?;
        self.model_limits.values().try_for_each(Limits::check)?;
        Ok(self)
    }

    pub(super) fn change(&self, change: Change, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        match change {
            Change::Describe { name, description } => {
                let name = name.unwrap_or_else(|| self.name.clone());
                let description = description.unwrap_or_else(|| self.description.clone());
                let name = described(&name, &description)?;
                let same = name == self.name && description == self.description;
                Ok(unless(same, Event::Described { name, description, at }))
            }
            Change::Allow { models } => {
                models.check()?;
                Ok(unless(models == self.models, Event::Allowed { models, at }))
            }
            Change::Expiry { expires_at } => {
                to_come(expires_at, at)?;
                let same = expires_at == self.expires_at;
                Ok(unless(same, Event::ExpiryChanged { expires_at, at }))
            }
            Change::Quota { quota } => {
                quota.check()?;
                Ok(unless(quota == self.quota, Event::QuotaChanged { quota, at }))
            }
            Change::Budget { budget } => {
                budget.as_ref().map_or(Ok(()), Budget::check)?;
                Ok(unless(budget == self.budget, Event::BudgetChanged { budget, at }))
            }
            Change::Limits { limits, model_limits } => {
                let limits = limits.unwrap_or(self.limits);
                let model_limits = model_limits.unwrap_or_else(|| self.model_limits.clone());
                limits.check()?;
                model_limits.values().try_for_each(Limits::check)?;
                let same = limits == self.limits && model_limits == self.model_limits;
                Ok(unless(same, Event::LimitsChanged { limits, model_limits, at }))
            }
        }
    }

    /// Events that change nothing of them leave them as they are.
    #[must_use]
    pub fn after(&self, event: &Event) -> Self {
        let mut terms = self.clone();
        match event {
            Event::Issued { terms: issued, .. } => terms.clone_from(issued),
            Event::Described { name, description, .. } => {
                terms.name.clone_from(name);
                terms.description.clone_from(description);
            }
            Event::Allowed { models, .. } => terms.models.clone_from(models),
            Event::ExpiryChanged { expires_at, .. } => terms.expires_at = *expires_at,
            Event::QuotaChanged { quota, .. } => terms.quota = *quota,
            Event::BudgetChanged { budget, .. } => terms.budget = *budget,
            Event::LimitsChanged { limits, model_limits, .. } => {
                terms.limits = *limits;
                terms.model_limits.clone_from(model_limits);
            }
            Event::Enabled { .. }
            | Event::Disabled { .. }
            | Event::Rotated { .. }
            | Event::Revoked { .. } => {}
        }
        terms
    }
}

impl Models {
    pub fn allow(&self, model: &ModelName) -> bool {
        match self {
            Self::All => true,
            Self::Only(models) => models.contains(model),
        }
    }

    fn check(&self) -> Result<(), Rejection> {
        match self {
            Self::Only(models) if models.is_empty() => Err(Rejection::NoModelLeft),
            Self::All | Self::Only(_) => Ok(()),
        }
    }
}

impl Quota {
    const fn check(self) -> Result<(), Rejection> {
        match self {
            Self::Tokens(0) => Err(Rejection::EmptyQuota),
            Self::Tokens(tokens) if tokens > MAX_QUOTA => Err(Rejection::EndlessQuota),
            Self::Tokens(_) | Self::Unlimited => Ok(()),
        }
    }

    /// None if there is no end to them.
    pub const fn remaining(self, used: u64) -> Option<u64> {
        match self {
            Self::Unlimited => None,
            Self::Tokens(tokens) => Some(tokens.saturating_sub(used)),
        }
    }
}

/// The name as names are kept.
fn described(name: &str, description: &str) -> Result<String, Rejection> {
    let name = name::given(name, Most::Characters(MAX_NAME)).map_err(Rejection::UnusableName)?;
    // Lines may be broken and indented; other control characters nobody can read, and some no table can hold.
    let unreadable = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if description.chars().count() > MAX_DESCRIPTION || description.chars().any(unreadable) {
        return Err(Rejection::UnusableDescription);
    }
    Ok(name)
}

fn to_come(expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), Rejection> {
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Rejection::ExpiresInThePast);
    }
    Ok(())
}
