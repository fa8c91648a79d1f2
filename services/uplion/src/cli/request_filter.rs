//! Of which requests something is asked.

use clap::Args;

use super::{
    client::Client,
    failure::Failure,
    key,
    moment::{Moment, Towards},
    params,
};

#[derive(Debug, Clone, Args)]
pub struct RequestFilter {
    /// Only of this project, by name or id.
    #[arg(long)]
    project: Option<String>,
    /// Only of this key, by id, or by name if no other has it.
    #[arg(long)]
    key: Option<String>,
    /// Only of this model, by its name or an alias.
    #[arg(long)]
    model: Option<String>,
    /// Not earlier than this, like 2026-11-23T08:00:00Z, or 2026-11-23 where the installation is, or 24h ago as 24h.
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Earlier than this.
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
}

impl RequestFilter {
    pub async fn query(self, client: &Client) -> Result<Vec<(&'static str, String)>, Failure> {
        let Self { project, key, model, from, to } = self;
        let key = match key {
            Some(given) => Some(key::id(client, &given).await?),
            None => None,
        };
        Ok(params::query([
            ("project", project),
            ("key", key),
            ("model", model),
            ("from", Moment::maybe(from.as_ref(), client, Towards::Past).await?),
            ("to", Moment::maybe(to.as_ref(), client, Towards::Past).await?),
        ]))
    }
}
