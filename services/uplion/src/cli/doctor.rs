//! `uplion doctor`: asks everything that can be asked, and says what to do. Works also when control is down.

mod finding;
mod log;
mod workers;

use std::time::Duration;

use clap::Args;
use serde_json::json;
use uplion_control_client::root_cause;

use self::{
    finding::{Finding, Severity},
    log::{Health, Projection, Stream},
};

use super::{
    client::{self, Client, read},
    endpoint::{self, Endpoint},
    failure::Failure,
    output::{self, Format},
    sizes,
};

/// Whoever does not answer a probe by then is as good as away.
const PATIENCE: Duration = Duration::from_secs(5);
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Requests a second that the installation should bear: says how large its stream must be.
    #[arg(long, value_name = "N")]
    rate: Option<u64>,
    /// Hours of requests that the stream should hold while nobody archives them.
    #[arg(long, default_value_t = sizes::KEPT_HOURS, value_name = "N")]
    hours: u64,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    gateway: endpoint::GatewayArgs,
    #[command(flatten)]
    format: Format,
}

impl Doctor {
    pub async fn run(self) -> Result<(), Failure> {
        let mut findings = self.control().await?;
        findings.extend(self.gateway().await?);
        if self.format.json {
            let all = findings.iter().map(Finding::json).collect::<Vec<_>>();
            output::print_json(&json!(all))?;
        } else {
            for finding in &findings {
                output::print(&finding.lines())?;
            }
        }
        let bad = findings.iter().any(|finding| finding.severity == Severity::Critical);
        if bad { Err(Failure::Unhealthy) } else { Ok(()) }
    }

    async fn control(&self) -> Result<Vec<Finding>, Failure> {
        let endpoint = match self.control.endpoint() {
            Ok(endpoint) => endpoint,
            Err(failure) => return Ok(vec![Finding::bad("control", &failure, None)]),
        };
        let url = endpoint.url.clone();
        let mut findings = vec![
            probe(
                "control",
                &url,
                "start it with `uplion control`, or `uplion dev` for everything in one process",
            )
            .await?,
        ];
        let client = Client::new(endpoint)?;
        match client.get(&["log"], &[]).await {
            Ok(health) => {
                findings.extend(self.examine(&read(health)?));
                findings.extend(workers::examine(&client).await?);
            }
            Err(Failure::Unreachable { .. }) => {}
            Err(failure) => findings.push(Finding::bad("log", &failure, None)),
        }
        Ok(findings)
    }

    async fn gateway(&self) -> Result<Vec<Finding>, Failure> {
        let endpoint = match self.gateway.endpoint(&self.control.folder) {
            Ok(endpoint) => endpoint,
            Err(failure) => {
                let text = failure.message().unwrap_or_default();
                let finding = Finding {
                    severity: Severity::Warning,
                    about: "gateway",
                    what: format!("not looked at: {text}"),
                    advice: None,
                };
                return Ok(vec![finding]);
            }
        };
        let root = endpoint.url.trim_end_matches("/v1").to_owned();
        let ready = probe(
            "gateway",
            &root,
            "start it with `uplion gateway`, or `uplion dev` for everything in one process",
        )
        .await?;
        let reachable = ready.severity == Severity::Ok;
        let mut findings = vec![ready];
        if reachable {
            findings.push(models(&endpoint).await?);
        }
        Ok(findings)
    }

    fn examine(&self, health: &Health) -> Vec<Finding> {
        let mut findings = vec![version(&health.version)];
        findings.extend(health.streams.iter().map(Stream::examine));
        findings.push(health.relay.examine());
        findings.push(Finding::good("archive", format!("{} events", health.archive.head)));
        findings.extend(health.projections.iter().map(Projection::examine));
        findings.extend(health.streams.iter().filter_map(|stream| self.size(stream)));
        findings
    }

    /// Requests a second × bytes × hours. Only TRAFFIC grows with requests.
    fn size(&self, stream: &Stream) -> Option<Finding> {
        if stream.name != "TRAFFIC" {
            return None;
        }
        let (max, each) = (stream.max_bytes?, sizes::BYTES_PER_REQUEST);
        let hours = self.hours;
        let bears = sizes::enough_for(max, each, hours);
        let what = format!(
            "{} hold {hours} h of {bears} requests/s at about {each} bytes each",
            sizes::human(max)
        );
        let Some(rate) = self.rate else { return Some(Finding::good("size", what)) };
        let needed = sizes::needed(rate, each, hours);
        if needed <= max {
            return Some(Finding::good("size", what));
        }
        let advice = format!(
            "for {rate} requests/s over {hours} h start the roles with --traffic-max-bytes {needed} ({})",
            sizes::human(needed)
        );
        Some(Finding { severity: Severity::Warning, about: "size", what, advice: Some(advice) })
    }
}

/// `/ready` of a role.
async fn probe(about: &'static str, url: &str, start: &str) -> Result<Finding, Failure> {
    let asked = client::http()?.get(format!("{url}/ready")).timeout(PATIENCE).send().await;
    Ok(match asked {
        Ok(response) if response.status().is_success() => {
            Finding::good(about, format!("ready at {url}"))
        }
        Ok(response) => {
            let status = response.status();
            let why = response.text().await.unwrap_or_default();
            let what = format!("at {url}, but not ready ({status}): {}", why.trim());
            let advice = Some("what it waits for is named above; it retries by itself".to_owned());
            Finding { severity: Severity::Critical, about, what, advice }
        }
        Err(error) => {
            let what = format!("cannot be reached at {url} ({})", root_cause(&error));
            Finding { severity: Severity::Critical, about, what, advice: Some(start.to_owned()) }
        }
    })
}

async fn models(endpoint: &Endpoint) -> Result<Finding, Failure> {
    let asked = endpoint.authorize(client::http()?.get(format!("{}/models", endpoint.url)));
    let asked = asked.timeout(PATIENCE).send().await;
    let response = match asked {
        Ok(response) => response,
        Err(error) => {
            let what = format!("the gateway does not list its models ({})", root_cause(&error));
            return Ok(Finding {
                severity: Severity::Critical,
                about: "models",
                what,
                advice: None,
            });
        }
    };
    let status = response.status();
    if status.as_u16() == 401 {
        let what = "the gateway does not take the API key".to_owned();
        let advice =
            Some("issue another with `uplion key create` and give it as UPLION_API_KEY".to_owned());
        return Ok(Finding { severity: Severity::Critical, about: "models", what, advice });
    }
    let body = response.text().await.unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let Some(models) = body["data"].as_array().filter(|_| status.is_success()) else {
        let what = format!("the gateway answered {status} when asked for its models");
        return Ok(Finding { severity: Severity::Critical, about: "models", what, advice: None });
    };
    let names: Vec<&str> = models.iter().filter_map(|model| model["id"].as_str()).collect();
    Ok(match names[..] {
        [] => Finding {
            severity: Severity::Warning,
            about: "models",
            what: "this key may use none".to_owned(),
            advice: Some("register one: `uplion model create NAME --upstream URL`".to_owned()),
        },
        _ => Finding::good("models", names.join(", ")),
    })
}

fn version(control: &str) -> Finding {
    if control == VERSION {
        return Finding::good("version", format!("{VERSION} here and in control"));
    }
    let what = format!("{VERSION} here, {control} in control");
    let advice = Some("use the same build of `uplion` everywhere".to_owned());
    Finding { severity: Severity::Warning, about: "version", what, advice }
}
