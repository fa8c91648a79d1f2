//! A worker as it says that it is, right now.

use poem_openapi::{Enum, Object};
use uplion_log_transport::presence::{Beat, Report, UpstreamHealth, UpstreamReport};

/// What a worker that is there says of itself, once a second.
#[derive(Debug, Object)]
#[oai(rename = "WorkerPresence")]
pub struct PresenceView {
    /// Of its software.
    version: String,
    /// It takes no more requests and is about to go.
    leaving: bool,
    /// What keeps it from its work, in a sentence.
    hindrance: Option<String>,
    /// Where it runs, as its environment calls it.
    zone: Option<String>,
    /// Requests that are with its upstreams.
    in_flight: u32,
    /// Requests that its upstreams take at once.
    capacity: u32,
    /// Each model at each of its upstreams.
    upstreams: Vec<UpstreamView>,
}

/// A model at one of its upstreams, as one worker finds it.
#[derive(Debug, Object)]
#[oai(rename = "UpstreamPresence")]
struct UpstreamView {
    model: String,
    id: String,
    url: String,
    health: Health,
    /// Seconds that it is left alone, if it rests.
    resting_for_s: Option<u64>,
    /// Why it is down and what mends that, in a sentence.
    reason: Option<String>,
    in_flight: u32,
    capacity: u32,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case", rename = "UpstreamHealth")]
enum Health {
    Up,
    /// It is left alone for a moment, which passes by itself.
    Resting,
    /// It takes no requests until it is mended.
    Down,
}

impl PresenceView {
    /// None of another role.
    pub fn of(beat: &Beat) -> Option<Self> {
        let Report::Worker(report) = &beat.report else { return None };
        let sum = |count: fn(&UpstreamReport) -> u32| report.upstreams.iter().map(count).sum();
        Some(Self {
            version: beat.version.clone(),
            leaving: beat.leaving,
            hindrance: beat.hindrance.clone(),
            zone: report.zone.clone(),
            in_flight: sum(|upstream| upstream.in_flight),
            capacity: sum(|upstream| upstream.capacity),
            upstreams: report.upstreams.iter().map(UpstreamView::of).collect(),
        })
    }
}

impl UpstreamView {
    fn of(report: &UpstreamReport) -> Self {
        let (health, resting_for_s, reason) = match &report.health {
            UpstreamHealth::Up => (Health::Up, None, None),
            UpstreamHealth::Resting { for_ms } => {
                (Health::Resting, Some(for_ms.div_ceil(1_000)), None)
            }
            UpstreamHealth::Down { reason } => (Health::Down, None, Some(reason.clone())),
        };
        Self {
            model: report.model.to_string(),
            id: report.upstream.to_string(),
            url: report.url.clone(),
            health,
            resting_for_s,
            reason,
            in_flight: report.in_flight,
            capacity: report.capacity,
        }
    }
}
