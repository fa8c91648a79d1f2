//! What a caller asks of a key, as the domain says it.

use std::collections::BTreeMap;

use uplion_domain::{
    Limits, ModelName, ProjectId, Timestamp, UserId,
    api_key::{Change, Quota, Terms},
};

use super::{
    Keys,
    view::{ChangedKey, NewKey},
};
use crate::{
    api::allowance::{BudgetView, LimitsView},
    api::stated::stated,
    names,
    problem::Problem,
};

impl Keys {
    pub(super) async fn terms(
        &self,
        project: ProjectId,
        owner: Option<UserId>,
        body: &NewKey,
    ) -> Result<Terms, Problem> {
        Ok(Terms {
            owner,
            description: body.description.clone().unwrap_or_default(),
            models: self.names.models(body.models.as_deref()).await?,
            expires_at: expires_at(body.expires_at.as_deref())?,
            quota: body.token_quota.map_or(Quota::Unlimited, Quota::Tokens),
            budget: body.budget.as_ref().map(BudgetView::read).transpose()?,
            limits: body.limits.as_ref().map_or(Limits::NONE, LimitsView::read),
            model_limits: match &body.model_limits {
                Some(limits) => self.by_model(limits).await?,
                None => BTreeMap::new(),
            },
            ..Terms::new(project, body.name.clone())
        })
    }

    pub(super) async fn changes(&self, body: ChangedKey) -> Result<Vec<Change>, Problem> {
        let ChangedKey {
            name,
            description,
            models,
            expires_at,
            token_quota,
            budget,
            limits,
            model_limits,
        } = body;
        let mut changes = Vec::new();
        if name.is_some() || description.is_some() {
            changes.push(Change::Describe { name, description });
        }
        if let Some(models) = stated(models) {
            let models = self.names.models(models.as_deref()).await?;
            changes.push(Change::Allow { models });
        }
        if let Some(expires_at) = stated(expires_at) {
            let expires_at = self::expires_at(expires_at.as_deref())?;
            changes.push(Change::Expiry { expires_at });
        }
        if let Some(quota) = stated(token_quota) {
            let quota = quota.map_or(Quota::Unlimited, Quota::Tokens);
            changes.push(Change::Quota { quota });
        }
        if let Some(budget) = stated(budget) {
            let budget = budget.as_ref().map(BudgetView::read).transpose()?;
            changes.push(Change::Budget { budget });
        }
        let limits = stated(limits).map(|all| all.as_ref().map_or(Limits::NONE, LimitsView::read));
        let model_limits = match stated(model_limits) {
            Some(Some(limits)) => Some(self.by_model(&limits).await?),
            Some(None) => Some(BTreeMap::new()),
            None => None,
        };
        if limits.is_some() || model_limits.is_some() {
            changes.push(Change::Limits { limits, model_limits });
        }
        Ok(changes)
    }

    async fn by_model(
        &self,
        limits: &BTreeMap<String, LimitsView>,
    ) -> Result<BTreeMap<ModelName, Limits>, Problem> {
        names::not_too_many(limits.len())?;
        let mut by_model = BTreeMap::new();
        for (text, limits) in limits {
            by_model.insert(self.names.known_model(text).await?, limits.read());
        }
        Ok(by_model)
    }
}

fn expires_at(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| names::time("expires_at", text)).transpose()
}
