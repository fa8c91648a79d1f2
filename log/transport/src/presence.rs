//! Who is there: every role says once a second that it is, and how it fares.
//!
//! Core messages, kept by nobody: presence is what is so now, and no part of the log. Who was not heard for three
//! beats is gone; a worker sooner, if the broker says that it does not listen any more. What is said is small and bounded; what cannot be read is counted and ignored.

mod beating;
mod view;
mod watcher;
mod wire;

use std::time::Duration;

use uplion_domain::{ModelName, model::UpstreamId};

pub use self::{
    beating::keep_beating,
    view::{Seen, Service, Unserved, View},
    watcher::Watcher,
    wire::UnreadableBeat,
};

/// Between two beats. Whoever has news does not wait for the next.
pub const EVERY: Duration = Duration::from_secs(1);
/// Whoever was not heard for so long is gone.
pub const GONE_AFTER: Duration = Duration::from_secs(3);
/// Of a worker that was not heard for so long it is asked whether it still listens: one whose process was killed does
/// not, and its requests are told so before three beats are over.
pub const MISSED_AFTER: Duration = Duration::from_millis(1_250);
/// A worker that leaves counts for so long: another one may be about to take its place.
pub const LEFT_AFTER: Duration = Duration::from_millis(1_500);
/// For somebody who began to listen to have heard everybody, if not each beat.
pub const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// The same for somebody whose broker was away: others may be slower to find it again.
pub const SETTLED_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Bytes of one beat.
pub const MAX_BEAT: usize = 256 << 10;

/// What one process says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Of the software.
    pub version: String,
    /// It takes nothing new and is about to go.
    pub leaving: bool,
    /// What keeps it from its work, for people; none if nothing does.
    pub hindrance: Option<String>,
    pub report: Report,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    Gateway(GatewayReport),
    Worker(WorkerReport),
    Control(ControlReport),
    Projector(ProjectorReport),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayReport {
    /// Requests that have not ended.
    pub in_flight: u32,
    /// Requests at once.
    pub capacity: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerReport {
    /// Where it runs, as its environment calls it.
    pub zone: Option<String>,
    /// What it takes tickets for.
    pub upstreams: Vec<UpstreamReport>,
    /// There are more than could be said.
    pub more: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlReport {}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectorReport {}

/// A model at one of its upstreams, as one worker finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamReport {
    pub model: ModelName,
    pub upstream: UpstreamId,
    pub url: String,
    pub health: UpstreamHealth,
    pub in_flight: u32,
    pub capacity: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamHealth {
    Up,
    /// It is left alone for a moment, as it asked for or because it failed a request: this passes by itself.
    Resting {
        for_ms: u64,
    },
    /// It takes no requests until it, or a person, mends what is wrong. The reason is for people.
    Down {
        reason: String,
    },
}

impl UpstreamHealth {
    pub const fn is_down(&self) -> bool {
        match self {
            Self::Up | Self::Resting { .. } => false,
            Self::Down { .. } => true,
        }
    }
}

impl Beat {
    /// Whether it says the same about who serves what.
    fn serves_as(&self, other: &Self) -> bool {
        let (Report::Worker(one), Report::Worker(two)) = (&self.report, &other.report) else {
            return true;
        };
        let health = |report: &UpstreamReport| report.health.is_down();
        self.leaving == other.leaving
            && one.more == two.more
            && one.upstreams.len() == two.upstreams.len()
            && one
                .upstreams
                .iter()
                .zip(&two.upstreams)
                .all(|(one, two)| one.model == two.model && health(one) == health(two))
    }

    /// As much of it as is news: numbers change all the time.
    fn news(&self) -> impl PartialEq + use<> {
        let upstreams = match &self.report {
            Report::Worker(report) => report.upstreams.iter().map(UpstreamReport::news).collect(),
            Report::Gateway(_) | Report::Control(_) | Report::Projector(_) => Vec::new(),
        };
        (self.leaving, self.hindrance.clone(), upstreams)
    }
}

impl UpstreamReport {
    fn news(&self) -> (ModelName, UpstreamId, bool, Option<String>) {
        let (is_up, reason) = match &self.health {
            UpstreamHealth::Up => (true, None),
            UpstreamHealth::Resting { for_ms: _ } => (false, None),
            UpstreamHealth::Down { reason } => (false, Some(reason.clone())),
        };
        (self.model.clone(), self.upstream.clone(), is_up, reason)
    }
}
