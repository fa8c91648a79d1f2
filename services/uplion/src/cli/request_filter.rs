//! Of which requests something is asked.

use clap::Args;

use super::{client::Client, failure::Failure, key, params};

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
    /// Not earlier than this: 2026-11-23T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Earlier than this.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
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
            ("from", from),
            ("to", to),
        ]))
    }
}
