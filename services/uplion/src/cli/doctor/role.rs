//! What a role says of itself at `/ready`, and whether its clock is ours.

use std::time::Duration;

use reqwest::{Response, header::DATE};
use uplion_control_client::root_cause;
use uplion_domain::Timestamp;

use super::{
    finding::Finding,
    log::{ahead, skew},
};
use crate::cli::{client, failure::Failure};

/// Whoever does not answer a probe by then is as good as away.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A role that is asked, and the ids of what may be found.
pub struct Probe {
    pub name: &'static str,
    pub ready: &'static str,
    pub not_ready: &'static str,
    pub unreachable: &'static str,
}

pub const CONTROL: Probe = Probe {
    name: "control",
    ready: "control.ready",
    not_ready: "control.not_ready",
    unreachable: "control.unreachable",
};

pub const GATEWAY: Probe = Probe {
    name: "gateway",
    ready: "gateway.ready",
    not_ready: "gateway.not_ready",
    unreachable: "gateway.unreachable",
};

/// What was found, and whether it answers at all.
pub async fn probe(probe: &Probe, url: &str) -> Result<(Vec<Finding>, bool), Failure> {
    let asked = client::http()?.get(format!("{url}/ready")).timeout(PATIENCE).send().await;
    let response = match asked {
        Ok(response) => response,
        Err(error) => {
            let what = format!("cannot be reached at {url} ({})", root_cause(&error));
            let advice = format!(
                "start it with `uplion {}`, or `uplion dev` for everything in one process; is the URL right?",
                probe.name
            );
            return Ok((vec![Finding::bad(probe.unreachable, what, advice)], false));
        }
    };
    let mut findings: Vec<Finding> = clock(probe.name, &response).into_iter().collect();
    let status = response.status();
    if status.is_success() {
        findings.push(Finding::good(probe.ready, format!("ready at {url}")));
    } else {
        let why = response.text().await.unwrap_or_default();
        let what = format!("at {url}, but not ready ({status}): {}", why.trim());
        let advice = "what it waits for is named above; it goes on by itself once that is mended";
        findings.push(Finding::bad(probe.not_ready, what, advice));
    }
    Ok((findings, true))
}

/// Only if it is not as ours: to a second, as HTTP says it.
fn clock(name: &str, response: &Response) -> Option<Finding> {
    let date = response.headers().get(DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let theirs = Timestamp::from_micros(theirs.as_microsecond());
    // It was cut to a second.
    Some(skew(name, ahead(theirs) + 0.5)).filter(|finding| finding.id == "clock.skewed")
}
