//! A beat as it is sent: JSON, so that a newer process may say more than an older one reads.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    Beat, ControlReport, GatewayReport, MAX_BEAT, ProjectorReport, Report, UpstreamHealth,
    UpstreamReport, WorkerReport,
};

const VERSION: u32 = 1;
/// Characters of a sentence for people.
const MAX_WORDS: usize = 200;

/// What arrived is no beat of a version that is known here.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableBeat {
    #[error("a beat has at most {MAX_BEAT} bytes")]
    TooLong,
    #[error("a beat of version {0} cannot be read")]
    UnknownVersion(u32),
    #[error("a beat cannot be read")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Serialize, Deserialize)]
struct BeatV1 {
    v: u32,
    version: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    leaving: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hindrance: Option<String>,
    report: ReportV1,
}

#[derive(Deserialize)]
struct AnyBeat {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReportV1 {
    Gateway { in_flight: u32, capacity: u32 },
    Worker(WorkerV1),
    Control {},
    Projector {},
}

#[derive(Serialize, Deserialize)]
struct WorkerV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    upstreams: Vec<UpstreamV1>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

#[derive(Serialize, Deserialize)]
struct UpstreamV1 {
    model: String,
    id: String,
    url: String,
    health: HealthV1,
    in_flight: u32,
    capacity: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HealthV1 {
    Up,
    Resting { for_ms: u64 },
    Down { reason: String },
}

impl Beat {
    /// At most [`MAX_BEAT`] bytes: a worker of very many upstreams says that there are more.
    pub fn encode(&self) -> Bytes {
        let mut beat = BeatV1::of(self);
        loop {
            let json = serde_json::to_vec(&beat).expect("strings and numbers are always JSON");
            if json.len() <= MAX_BEAT || !beat.say_less() {
                return json.into();
            }
        }
    }

    pub fn decode(payload: &[u8]) -> Result<Self, UnreadableBeat> {
        if payload.len() > MAX_BEAT {
            return Err(UnreadableBeat::TooLong);
        }
        let AnyBeat { v } = serde_json::from_slice(payload)?;
        if v != VERSION {
            return Err(UnreadableBeat::UnknownVersion(v));
        }
        let BeatV1 { v: _, version, leaving, hindrance, report } = serde_json::from_slice(payload)?;
        let (version, hindrance) = (cut(version), hindrance.map(cut));
        Ok(Self { version, leaving, hindrance, report: report.read()? })
    }
}

impl BeatV1 {
    fn of(beat: &Beat) -> Self {
        let Beat { version, leaving, hindrance, report } = beat.clone();
        let report = match report {
            Report::Gateway(GatewayReport { in_flight, capacity }) => {
                ReportV1::Gateway { in_flight, capacity }
            }
            Report::Worker(WorkerReport { zone, upstreams, more }) => ReportV1::Worker(WorkerV1 {
                zone: zone.map(cut),
                upstreams: upstreams.into_iter().map(UpstreamV1::of).collect(),
                more,
            }),
            Report::Control(ControlReport {}) => ReportV1::Control {},
            Report::Projector(ProjectorReport {}) => ReportV1::Projector {},
        };
        let (version, hindrance) = (cut(version), hindrance.map(cut));
        Self { v: VERSION, version, leaving, hindrance, report }
    }

    /// Whether it could.
    fn say_less(&mut self) -> bool {
        match &mut self.report {
            ReportV1::Worker(worker) if !worker.upstreams.is_empty() => {
                worker.upstreams.truncate(worker.upstreams.len() / 2);
                worker.more = true;
                true
            }
            ReportV1::Worker(_)
            | ReportV1::Gateway { .. }
            | ReportV1::Control {}
            | ReportV1::Projector {} => false,
        }
    }
}

impl ReportV1 {
    fn read(self) -> Result<Report, serde_json::Error> {
        Ok(match self {
            Self::Gateway { in_flight, capacity } => {
                Report::Gateway(GatewayReport { in_flight, capacity })
            }
            Self::Worker(WorkerV1 { zone, upstreams, more }) => Report::Worker(WorkerReport {
                zone: zone.map(cut),
                upstreams: upstreams.into_iter().map(UpstreamV1::read).collect::<Result<_, _>>()?,
                more,
            }),
            Self::Control {} => Report::Control(ControlReport {}),
            Self::Projector {} => Report::Projector(ProjectorReport {}),
        })
    }
}

impl UpstreamV1 {
    fn of(report: UpstreamReport) -> Self {
        let UpstreamReport { model, upstream, url, health, in_flight, capacity } = report;
        let health = match health {
            UpstreamHealth::Up => HealthV1::Up,
            UpstreamHealth::Resting { for_ms } => HealthV1::Resting { for_ms },
            UpstreamHealth::Down { reason } => HealthV1::Down { reason: cut(reason) },
        };
        let (model, id) = (model.to_string(), upstream.to_string());
        Self { model, id, url, health, in_flight, capacity }
    }

    fn read(self) -> Result<UpstreamReport, serde_json::Error> {
        let Self { model, id, url, health, in_flight, capacity } = self;
        let health = match health {
            HealthV1::Up => UpstreamHealth::Up,
            HealthV1::Resting { for_ms } => UpstreamHealth::Resting { for_ms },
            HealthV1::Down { reason } => UpstreamHealth::Down { reason: cut(reason) },
        };
        let model = model.parse().map_err(serde::de::Error::custom)?;
        let upstream = id.parse().map_err(serde::de::Error::custom)?;
        Ok(UpstreamReport { model, upstream, url, health, in_flight, capacity })
    }
}

fn cut(words: String) -> String {
    match words.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => words[..end].to_owned(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::model::Upstream;

    use super::*;

    fn upstream(n: usize, health: UpstreamHealth) -> UpstreamReport {
        let model: uplion_domain::ModelName = "demo".parse().unwrap();
        let url = format!("http://host{n}/v1");
        let upstream = Upstream::new(url.clone(), model.clone(), 4).id();
        UpstreamReport { model, upstream, url, health, in_flight: 1, capacity: 4 }
    }

    fn worker(upstreams: Vec<UpstreamReport>) -> Beat {
        let report = WorkerReport { zone: Some("here".into()), upstreams, more: false };
        let report = Report::Worker(report);
        Beat { version: "0.1.0".into(), leaving: false, hindrance: None, report }
    }

    #[test]
    fn a_beat_reads_back_as_itself() {
        let down = UpstreamHealth::Down { reason: "it does not take its key".into() };
        let resting = UpstreamHealth::Resting { for_ms: 1_500 };
        let health = [UpstreamHealth::Up, resting, down].into_iter().zip(0..);
        let one = worker(health.map(|(health, n)| upstream(n, health)).collect());
        let hindered = Beat {
            leaving: true,
            hindrance: Some("it cannot reach the log".into()),
            report: Report::Gateway(GatewayReport { in_flight: 3, capacity: 9 }),
            ..one.clone()
        };
        let control = Beat { report: Report::Control(ControlReport {}), ..hindered.clone() };
        let projector = Beat { report: Report::Projector(ProjectorReport {}), ..control.clone() };
        for beat in [one, hindered, control, projector] {
            assert_eq!(Beat::decode(&beat.encode()).unwrap(), beat);
        }
    }

    #[test]
    fn what_a_newer_process_adds_is_ignored_and_another_version_is_refused() {
        let more = br#"{"v":1,"version":"9","mood":"good","report":{"gateway":{"in_flight":1,"capacity":2,"doors":3}}}"#;
        assert!(Beat::decode(more).is_ok());
        let newer = br#"{"v":2,"words":"others"}"#;
        assert!(matches!(Beat::decode(newer), Err(UnreadableBeat::UnknownVersion(2))));
        for broken in [&b"{"[..], b"", b"{\"v\":1}", b"[]", b"\xff"] {
            assert!(matches!(Beat::decode(broken), Err(UnreadableBeat::Malformed(_))));
        }
    }

    #[test]
    fn a_beat_is_bounded_and_says_so_if_it_says_less() {
        let beat = worker((0..5_000).map(|n| upstream(n, UpstreamHealth::Up)).collect());
        let encoded = beat.encode();
        assert!(encoded.len() <= MAX_BEAT);
        let Report::Worker(read) = Beat::decode(&encoded).unwrap().report else { panic!() };
        assert!(read.more && read.upstreams.len() > 500, "{}", read.upstreams.len());
        assert!(matches!(Beat::decode(&vec![b' '; MAX_BEAT + 1]), Err(UnreadableBeat::TooLong)));
        let words = UpstreamHealth::Down { reason: "ä".repeat(10_000) };
        assert!(worker(vec![upstream(0, words)]).encode().len() < 1_000);
    }
}
