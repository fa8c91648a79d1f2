//! The health of the log as control reports it, and the findings that follow from it.

use serde::Deserialize;

use super::finding::{Finding, Severity};
use crate::cli::sizes;

/// Being behind by more events than this is reported.
const NOTABLE_LAG: u64 = 5_000;
const FULL_PERCENT: u64 = 75;

#[derive(Debug, Deserialize)]
pub struct Health {
    pub version: String,
    pub streams: Vec<Stream>,
    pub archive: Archive,
    pub projections: Vec<Projection>,
    pub relay: Relay,
}

#[derive(Debug, Deserialize)]
pub struct Stream {
    pub name: String,
    pub trouble: Option<String>,
    pub epoch: Option<u32>,
    pub bytes: Option<u64>,
    pub max_bytes: Option<u64>,
    pub archived_epoch: Option<u32>,
    pub lag: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct Archive {
    pub head: u64,
}

#[derive(Debug, Deserialize)]
pub struct Projection {
    pub name: String,
    pub version: u32,
    pub live_version: Option<u32>,
    pub lag: u64,
    pub halted: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Relay {
    pub recorded: u64,
    pub lag: Option<u64>,
}

impl Stream {
    pub fn examine(&self) -> Finding {
        let name = &self.name;
        let bad = |what: String, advice: &str| Finding {
            severity: Severity::Critical,
            about: "stream",
            what,
            advice: Some(advice.to_owned()),
        };
        if let Some(trouble) = &self.trouble {
            return bad(
                trouble.clone(),
                "is the broker running, and has a gateway made its streams?",
            );
        }
        if let (Some(now), Some(archived)) = (self.epoch, self.archived_epoch)
            && now != archived
        {
            let what = format!("{name} is of epoch {now}, the archive continues epoch {archived}");
            return bad(what, "`uplion log epoch` lets the archive go on with the new stream");
        }
        let (bytes, max) = (self.bytes.unwrap_or_default(), self.max_bytes.unwrap_or_default());
        let lag = self.lag.unwrap_or_default();
        let what = format!(
            "{name}: {} of {}, {lag} events not archived",
            sizes::human(bytes),
            sizes::human(max)
        );
        if max > 0 && bytes.saturating_mul(100) / max >= FULL_PERCENT {
            return bad(
                what,
                "a running projector archives and purges it; at 90 % gateways stop admitting. Otherwise give it more room",
            );
        }
        if lag > NOTABLE_LAG {
            let advice = Some("is a projector running? `uplion projector`".to_owned());
            return Finding { severity: Severity::Warning, about: "stream", what, advice };
        }
        Finding::good("stream", what)
    }
}

impl Projection {
    pub fn examine(&self) -> Finding {
        let Self { name, version, live_version, lag, halted } = self;
        let advised = |severity, what, advice: String| Finding {
            severity,
            about: "projection",
            what,
            advice: Some(advice),
        };
        if let Some(why) = halted {
            let advice = format!("mend the cause, then `uplion projection rebuild {name}`");
            return advised(Severity::Critical, format!("{name} stands still: {why}"), advice);
        }
        match live_version {
            None => advised(
                Severity::Critical,
                format!("{name} was never filled"),
                "start `uplion projector`".to_owned(),
            ),
            Some(live) if live != version => {
                let what = format!("{name} is at version {live}, this build reads {version}");
                advised(
                    Severity::Warning,
                    what,
                    "a projector of this build fills the new version by itself".to_owned(),
                )
            }
            Some(_) if *lag > NOTABLE_LAG => advised(
                Severity::Warning,
                format!("{name} is {lag} events behind"),
                "is a projector running?".to_owned(),
            ),
            Some(_) => Finding::good("projection", format!("{name}: {lag} events behind")),
        }
    }
}

impl Relay {
    pub fn examine(&self) -> Finding {
        let recorded = self.recorded;
        let (severity, what) = match self.lag {
            Some(0) => (Severity::Ok, format!("all {recorded} changes are on the log")),
            Some(lag) => {
                (Severity::Warning, format!("{lag} of {recorded} changes are not on the log yet"))
            }
            None if recorded == 0 => (Severity::Ok, "nothing was changed yet".to_owned()),
            None => (
                Severity::Critical,
                format!("it cannot be told whether the {recorded} changes are on the log"),
            ),
        };
        let advice = (severity != Severity::Ok).then(|| {
            "control's log says why; after a restore of the database, `uplion log restore`"
                .to_owned()
        });
        Finding { severity, about: "relay", what, advice }
    }
}
