//! `uplion doctor`: asks everything that can be asked, and says what to do. Works also when control is down.

mod charges;
mod check;
mod direct;
mod finding;
mod log;
mod models;
mod monitor;
mod processes;
mod projections;
mod report;
mod role;
mod serving;

use clap::Args;

use self::{
    direct::DirectArgs,
    finding::Finding,
    log::Health,
    report::{Report, Style},
};
use super::{
    client::{Client, read},
    endpoint::{self, Endpoint},
    failure::Failure,
    output::{self, Format},
};
use crate::sizes;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Requests a second that the installation should bear: says how large its stream must be.
    #[arg(long, value_name = "N")]
    rate: Option<u64>,
    /// Hours of requests that the stream should hold while nobody archives them.
    #[arg(long, default_value_t = sizes::KEPT_HOURS, value_name = "N")]
    hours: u64,
    /// Send no request through the installation.
    #[arg(long)]
    no_request: bool,
    #[command(flatten)]
    direct: DirectArgs,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    gateway: endpoint::GatewayArgs,
    #[command(flatten)]
    format: Format,
}

impl Doctor {
    pub async fn run(self) -> Result<(), Failure> {
        let (mut findings, control) = self.control().await?;
        findings.extend(self.direct.examine(control.is_some()).await);
        findings.extend(self.gateway(control.as_ref()).await?);
        let report = Report::new(findings);
        if self.format.json {
            output::print_json(&report.json())?;
        } else {
            output::print(&report.text(Style::of_stdout()))?;
        }
        if report.is_bad() { Err(Failure::Unhealthy) } else { Ok(()) }
    }

    /// What is found, and control for further questions if it answers them.
    async fn control(&self) -> Result<(Vec<Finding>, Option<Client>), Failure> {
        let endpoint = match self.control.endpoint() {
            Ok(endpoint) => endpoint,
            Err(failure @ Failure::NotSignedIn(_)) => {
                let (mut findings, _) = self.anonymous().await?;
                let advice = "without it only what roles tell everybody can be asked";
                findings.push(Finding::failed("control.not_signed_in", &failure, advice));
                return Ok((findings, None));
            }
            Err(failure) => {
                let advice = "say where the installation is";
                return Ok((vec![Finding::failed("control.unknown", &failure, advice)], None));
            }
        };
        let (mut findings, answers) = role::probe(&role::CONTROL, &endpoint.url).await?;
        if !answers {
            return Ok((findings, None));
        }
        let client = Client::new(endpoint)?;
        let health = match client.get(&["log"], &[]).await.and_then(read::<Health>) {
            Ok(health) => health,
            Err(failure) => {
                findings.push(refused(&failure));
                return Ok((findings, None));
            }
        };
        findings.extend(self.examine(&health));
        match serving::examine(&client, health.processes.as_deref()).await {
            Ok(found) => findings.extend(found),
            Err(failure) => findings.push(Finding::failed(
                "worker.unknown",
                &failure,
                "who serves is read from a projection: see what is said of them",
            )),
        }
        match charges::examine(&client).await {
            Ok(found) => findings.push(found),
            Err(failure) => findings.push(Finding::failed(
                "charge.unknown",
                &failure,
                "what was charged is read from a projection: see what is said of them",
            )),
        }
        Ok((findings, Some(client)))
    }

    async fn anonymous(&self) -> Result<(Vec<Finding>, bool), Failure> {
        let endpoint = self.control.anonymous()?;
        role::probe(&role::CONTROL, &endpoint.url).await
    }

    async fn gateway(&self, control: Option<&Client>) -> Result<Vec<Finding>, Failure> {
        let Some(url) = self.gateway.url(&self.control.folder)? else {
            let what = "no gateway was looked at";
            let advice = "say where it is: --base-url or UPLION_BASE_URL";
            return Ok(vec![Finding::watch("gateway.unknown", what, advice)]);
        };
        let root = url.trim_end_matches("/v1").to_owned();
        let (mut findings, answers) = role::probe(&role::GATEWAY, &root).await?;
        if !answers {
            return Ok(findings);
        }
        match self.gateway.endpoint(&self.control.folder) {
            Ok(endpoint) => findings.extend(self.ask(&endpoint, control).await?),
            Err(failure) => {
                let advice = "with an API key a request is sent through all of it: issue one with `uplion key create`";
                let what =
                    format!("no request was sent: {}", failure.message().unwrap_or_default());
                findings.push(Finding::watch("check.skipped", what, advice));
            }
        }
        Ok(findings)
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        control: Option<&Client>,
    ) -> Result<Vec<Finding>, Failure> {
        let (listed, takes_key) = models::examine(endpoint).await?;
        let mut findings = vec![listed];
        if takes_key && !self.no_request {
            findings.extend(check::run(endpoint, control).await?);
        }
        Ok(findings)
    }

    fn examine(&self, health: &Health) -> Vec<Finding> {
        let mut findings = vec![version(&health.version)];
        findings.extend(health.examine());
        findings.extend(log::size(&health.streams, self.rate, self.hours));
        findings
    }
}

/// Control answers, and does not say how the log is.
fn refused(failure: &Failure) -> Finding {
    if let Failure::NotSignedIn(_) = failure {
        let advice = "what control knows of the installation cannot be asked without it";
        return Finding::failed("control.key_refused", failure, advice);
    }
    let advice = "control needs its database to answer: is Postgres there?";
    Finding::failed("control.silent", failure, advice)
}

fn version(control: &str) -> Finding {
    if control == VERSION {
        return Finding::good("version.ok", format!("{VERSION} here and in control"));
    }
    let what = format!("{VERSION} here, {control} in control");
    Finding::watch("version.differs", what, "use the same build of `uplion` everywhere")
        .named("control")
}
