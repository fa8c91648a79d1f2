//! nats-server's own monitoring: it alone says that a stream was stopped by a full disk, and how much JetStream has.

use serde_json::Value;
use uplion_control_client::root_cause;

use super::{finding::Finding, role::PATIENCE};
use crate::{cli::client, sizes::human};

pub async fn examine(url: &str) -> Vec<Finding> {
    let url = url.trim_end_matches('/');
    let healthy = match get(&format!("{url}/healthz")).await {
        Ok(body) => body,
        Err(why) => {
            let what = format!("the monitoring of nats-server at {url} cannot be read: {why}");
            return vec![Finding::watch("broker.unmonitored", what, "is it the http port?")];
        }
    };
    let mut findings = vec![health(&healthy)];
    if let Ok(jetstream) = get(&format!("{url}/jsz")).await {
        findings.extend(room(&jetstream));
    }
    findings
}

async fn get(url: &str) -> Result<Value, String> {
    let http = client::http().map_err(|failure| failure.message().unwrap_or_default())?;
    let told = |error: &reqwest::Error| root_cause(error);
    let answered = http.get(url).timeout(PATIENCE).send().await.map_err(|error| told(&error))?;
    answered.json().await.map_err(|error| told(&error))
}

fn health(body: &Value) -> Finding {
    if body["status"] == "ok" {
        return Finding::good("broker.healthy", "nats-server says that it is healthy");
    }
    let said = body["error"].as_str().unwrap_or("it does not say why");
    let what = format!("nats-server is not healthy: {said}");
    if said.contains("no space left") || said.contains("write error") {
        let advice =
            "make room on its disk, then restart it: it writes to that stream again only then";
        return Finding::bad("broker.disk_full", what, advice);
    }
    Finding::bad("broker.unhealthy", what, "its log says more")
}

/// What it may store, beside what streams were promised.
fn room(body: &Value) -> Option<Finding> {
    let max = body["config"]["max_storage"].as_u64().filter(|max| *max > 0)?;
    let (used, reserved) = (body["storage"].as_u64()?, body["reserved_storage"].as_u64()?);
    let what = format!(
        "JetStream uses {} of {}, and has promised {}",
        human(used),
        human(max),
        human(reserved)
    );
    if reserved > max {
        let advice = "raise max_file_store, or give the roles smaller --traffic-max-bytes, --control-max-bytes and --workers-max-bytes";
        return Some(Finding::bad("storage.small", what, advice));
    }
    Some(Finding::good("storage.promised", what))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_full_disk_is_told_with_its_cure() {
        let said = "JetStream stream '$G > TRAFFIC' write error: no space left on device";
        let found = health(&json!({ "status": "unavailable", "error": said }));
        assert_eq!(found.id, "broker.disk_full");
        assert!(found.advice.unwrap().contains("restart"));
        assert_eq!(health(&json!({ "status": "ok" })).id, "broker.healthy");
    }
}
