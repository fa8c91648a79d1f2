//! What a key may use, as the gateway lists it.

use serde_json::Value;
use uplion_control_client::root_cause;

use super::{finding::Finding, role::PATIENCE};
use crate::cli::{client, endpoint::Endpoint, failure::Failure};

/// What was found, and whether the gateway takes the key.
pub async fn examine(endpoint: &Endpoint) -> Result<(Finding, bool), Failure> {
    let asked = endpoint.authorize(client::http()?.get(format!("{}/models", endpoint.url)));
    let response = match asked.timeout(PATIENCE).send().await {
        Ok(response) => response,
        Err(error) => {
            let what = format!("the gateway does not list its models ({})", root_cause(&error));
            return Ok((Finding::bad("gateway.silent", what, "its log says more"), false));
        }
    };
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    if status.as_u16() == 401 {
        let said = body["error"]["message"].as_str().unwrap_or_default();
        let what = format!("the gateway does not take the API key: {said}");
        let advice = "issue another with `uplion key create` and give it as UPLION_API_KEY";
        return Ok((Finding::bad("key.refused", what, advice), false));
    }
    let Some(models) = body["data"].as_array().filter(|_| status.is_success()) else {
        let said = body["error"]["message"].as_str().unwrap_or_default();
        let what = format!("the gateway answered {status} when asked for its models: {said}");
        return Ok((Finding::bad("gateway.refuses", what, "its /ready says why"), true));
    };
    let names: Vec<&str> = models.iter().filter_map(|model| model["id"].as_str()).collect();
    let finding = if names.is_empty() {
        let advice =
            "register one: `uplion model create NAME --upstream URL`; is the key for other models?";
        Finding::watch("key.no_models", "the API key may use no model", advice)
    } else {
        Finding::good("key.ok", format!("the API key may use {}", few(&names)))
    };
    Ok((finding, true))
}

fn few(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}
