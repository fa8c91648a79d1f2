//! The terms of a key: its flags, as the API takes them.

use clap::Args;
use serde_json::{Map, Value, json};

use super::model_limits::ModelLimits;
use crate::cli::{
    allowance::{Bound, Budget, Limits},
    client::Client,
    failure::Failure,
    moment::{Moment, Towards},
    params,
};

/// What is not given stays as it is; of a new key it is without bounds.
#[derive(Debug, Clone, Args)]
pub struct Terms {
    /// For people: more about it than its name says.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A model that it may use; may be repeated.
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// From when on it is not served, like 2027-01-01T00:00:00Z, or 2027-01-01 where the installation is, or in 30 days as
    /// 30d; `none` for never.
    #[arg(long, value_name = "TIME")]
    expires: Option<Bound<Moment>>,
    /// Tokens of prompts and answers that it may use in its life; `none` for any number.
    #[arg(long, value_name = "TOKENS")]
    quota: Option<Bound<u64>>,
    /// What it may spend in a calendar period (UTC), like 250/month: day, week, month or total; `none` for any amount.
    #[arg(long, value_name = "AMOUNT/PERIOD", allow_hyphen_values = true)]
    budget: Option<Bound<Budget>>,
    #[command(flatten)]
    limits: Limits,
    /// Limits for one model alone, like llama=requests:60,tokens:1000,parallel:2, or llama=none; may be repeated.
    #[arg(long, value_name = "MODEL=LIMITS")]
    model_limits: Vec<ModelLimits>,
}

impl Terms {
    /// Whether what there is has to be known: the API takes limits together.
    pub fn are_over_others(&self) -> bool {
        self.limits.are_given() || !self.model_limits.is_empty()
    }

    /// What was given, under the API's names, over what there is.
    pub async fn over(
        &self,
        client: &Client,
        current: &Value,
    ) -> Result<Map<String, Value>, Failure> {
        let Self { description, models, expires, quota, budget, limits, model_limits } = self;
        let expires = match expires {
            Some(Bound::At(moment)) => Some(json!(moment.text(client, Towards::Future).await?)),
            Some(Bound::None) => Some(Value::Null),
            None => None,
        };
        Ok(params::body([
            ("description", description.as_ref().map(|text| json!(text))),
            ("models", (!models.is_empty()).then(|| json!(models))),
            ("expires_at", expires),
            ("token_quota", quota.as_ref().map(|bound| bound.json(|tokens| json!(tokens)))),
            ("budget", budget.as_ref().map(|bound| bound.json(Budget::json))),
            ("limits", limits.over(&current["limits"])),
            ("model_limits", ModelLimits::over(model_limits, &current["model_limits"])),
        ]))
    }
}
