//! Whether what people read is what happened: each projection, and those that need somebody named.

use serde::Deserialize;

use super::{finding::Finding, log::NOTABLE_SECONDS};

#[derive(Debug, Deserialize)]
pub struct Projection {
    pub name: String,
    pub version: u32,
    pub live_version: Option<u32>,
    pub lag: u64,
    pub lag_seconds: Option<f64>,
    pub halted: Option<String>,
}

impl Projection {
    /// Those that are well in one line.
    pub fn examine_all(all: &[Self]) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            all.iter().filter_map(|one| Some(one.examine()?.named(one.name.clone()))).collect();
        let well = all.len() - findings.len();
        if well > 0 {
            let lag = all.iter().map(|one| one.lag).max().unwrap_or_default();
            let what = if findings.is_empty() {
                format!("all {well} are up to the archive, {lag} events behind at most")
            } else {
                format!("{well} of {} are up to the archive", all.len())
            };
            findings.push(Finding::good("projection.ok", what));
        }
        findings
    }

    /// None if nothing needs to be said.
    fn examine(&self) -> Option<Finding> {
        let Self { name, version, live_version, lag, lag_seconds, halted } = self;
        if let Some(why) = halted {
            let what = format!("{name} stands still, {lag} events behind: {why}");
            let advice = format!(
                "what it shows is old: mend the cause, then `uplion projection rebuild {name}`"
            );
            return Some(Finding::bad("projection.halted", what, advice));
        }
        let Some(live) = live_version else {
            let advice = "start `uplion projector`";
            return Some(Finding::bad(
                "projection.unfilled",
                format!("{name} was never filled"),
                advice,
            ));
        };
        if live != version {
            let what = format!("{name} is at version {live}, control reads {version}");
            let advice = "a projector of control's version fills the new one by itself: start one";
            return Some(Finding::watch("projection.version", what, advice));
        }
        let seconds = lag_seconds.unwrap_or_default();
        if *lag > 0 && seconds > NOTABLE_SECONDS {
            let what = format!("{name} is {lag} events behind, {seconds:.0} s");
            let advice =
                "is a projector running (`uplion projector`), and what does its /ready say?";
            return Some(Finding::bad("projection.behind", what, advice));
        }
        None
    }
}
