//! What an installation needs before it serves anybody: a project, a key of it, models, somebody to sign in as.

use anyhow::Result;

use super::{
    administrator::{Administrator, ModelOffer, OtherUpstreams},
    credentials::{self, Credentials},
    flags::Dev,
};
use crate::{
    cli::note,
    probe::{Finding, Wanted, probe},
};

/// What the demonstration model charges, so that there is a bill to look at.
const DEMO_PRICE: (&str, &str) = ("0.10", "0.40");

/// Done again at each start, it changes nothing. Returns the models' names.
pub async fn prepare(
    flags: &Dev,
    credentials: &mut Credentials,
    demo_url: String,
) -> Result<Vec<String>> {
    let administrator = Administrator::new(credentials)?;
    let project = administrator.create_project().await?;
    let max_in_flight = flags.max_in_flight;
    let demo = ModelOffer { name: "demo".to_owned(), url: demo_url, max_in_flight };
    administrator.offer(&demo, OtherUpstreams::Go).await?;
    administrator.set_price("demo", DEMO_PRICE.0, DEMO_PRICE.1).await?;
    let mut names = vec![demo.name];
    for url in &flags.upstream {
        names.extend(offer_models_of(&administrator, url, max_in_flight).await);
    }
    if let (Some(email), Some(password)) = (&credentials.admin_email, &credentials.admin_password) {
        administrator.register_administrator(email, password).await?;
    }
    if credentials.api_key.is_none() {
        credentials.api_key = Some(administrator.issue_key(&project).await?);
    }
    credentials::write(&flags.data, credentials)?;
    Ok(names)
}

/// One odd name does not keep the server's other models away, and a server that is not there none of another's.
async fn offer_models_of(
    administrator: &Administrator,
    url: &str,
    max_in_flight: u32,
) -> Vec<String> {
    let url = url.trim_end_matches('/').to_owned();
    let models = match probe(&Wanted { url: &url, model: None, key: None }).await {
        Finding::Serves { models } => models,
        finding => {
            note(&format!("warning: --upstream {url}: {finding}. No model of it was added."));
            return Vec::new();
        }
    };
    let mut offered = Vec::new();
    for name in models {
        let offer = ModelOffer { name, url: url.clone(), max_in_flight };
        match administrator.offer(&offer, OtherUpstreams::Stay).await {
            Ok(()) => offered.push(offer.name),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(model = offer.name, error, "dev.model.left_out");
            }
        }
    }
    offered
}
