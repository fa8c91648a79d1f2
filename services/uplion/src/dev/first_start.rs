//! What an installation needs before it serves anybody: a project, a key of it, models, somebody to sign in as.

use anyhow::Result;

use super::{
    administrator::{Administrator, FirstAdministrator, ModelOffer, OtherUpstreams},
    credentials::{self, ADMIN_EMAIL, Credentials},
    flags::Dev,
};
use crate::{
    cli::note,
    probe::{Finding, Wanted, probe},
};

/// What the demonstration model charges, so that there is a bill to look at.
const DEMO_PRICE: (&str, &str) = ("0.10", "0.40");

/// What can be used once it is done.
pub struct Prepared {
    /// Those that this start offers; without any, those that are registered. The last is what is asked first.
    pub models: Vec<String>,
    pub first_administrator: FirstAdministrator,
}

/// Done again at each start, it changes nothing.
pub async fn prepare(
    flags: &Dev,
    credentials: &mut Credentials,
    demo_url: String,
) -> Result<Prepared> {
    let administrator = Administrator::new(credentials)?;
    let project = administrator.create_project().await?;
    let models = offer_models(&administrator, flags, demo_url).await?;
    let first_administrator = first_administrator(&administrator, credentials).await?;
    if let Some(key) = &credentials.api_key
        && administrator.is_refused(&credentials.base_url, key).await?
    {
        note("the API key in credentials.json is not served any more: a new one takes its place");
        credentials.api_key = None;
    }
    if credentials.api_key.is_none() {
        credentials.api_key = Some(administrator.issue_key(&project).await?);
    }
    credentials.model = models.last().cloned();
    credentials::write(&flags.data, credentials)?;
    Ok(Prepared { models, first_administrator })
}

async fn offer_models(
    administrator: &Administrator,
    flags: &Dev,
    demo_url: String,
) -> Result<Vec<String>> {
    let max_in_flight = flags.max_in_flight;
    let demo = ModelOffer { name: "demo".to_owned(), url: demo_url, max_in_flight };
    let mut offered = Vec::new();
    if administrator.offer(&demo, OtherUpstreams::Go).await? {
        administrator.set_price("demo", DEMO_PRICE.0, DEMO_PRICE.1).await?;
        offered.push(demo.name);
    }
    for url in &flags.upstream {
        offered.extend(offer_models_of(administrator, url, max_in_flight).await);
    }
    if offered.is_empty() {
        offered = administrator.registered_models().await?;
    }
    Ok(offered)
}

/// What credentials.json says of somebody to sign in as is true.
async fn first_administrator(
    administrator: &Administrator,
    credentials: &mut Credentials,
) -> Result<FirstAdministrator> {
    let password = credentials.admin_password.clone().unwrap_or_else(credentials::new_password);
    let found = administrator.first_administrator(ADMIN_EMAIL, &password).await?;
    match found {
        FirstAdministrator::Registered => {
            credentials.admin_email = Some(ADMIN_EMAIL.to_owned());
            credentials.admin_password = Some(password);
        }
        // Whose password was in credentials that are gone.
        FirstAdministrator::Known if credentials.are_new => credentials.admin_password = None,
        FirstAdministrator::Known => {}
        FirstAdministrator::Gone { .. } => {
            (credentials.admin_email, credentials.admin_password) = (None, None);
        }
    }
    Ok(found)
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
            Ok(true) => offered.push(offer.name),
            Ok(false) => {}
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(model = offer.name, error, "dev.model.left_out");
            }
        }
    }
    offered
}
