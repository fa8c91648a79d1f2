//! What a listener knows of who is there. Pure: told what it heard and when, it says who is there and whether anybody
//! will come for a request of a model.
//!
//! Its time moves only when it is told: a listener that stood still itself must not find everybody else gone.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;
use uplion_domain::{ModelName, WorkerId, subject::Present};

use super::{
    Beat, GONE_AFTER, LEFT_AFTER, MISSED_AFTER, Report, SETTLED_AFTER, SETTLED_AGAIN_AFTER,
    UnreadableBeat, UpstreamReport, WorkerReport,
};

/// Beyond so many nobody else is taken note of, until somebody is gone.
const MOST: usize = 10_000;
/// A listener whose time stood still for so long has missed what others said meanwhile.
const PAUSED: Duration = Duration::from_millis(1_500);

#[derive(Debug)]
pub struct View {
    /// None while the broker cannot be heard.
    listening_since: Option<Instant>,
    /// How long that must have been for everybody to be heard.
    settled_after: Duration,
    now: Instant,
    present: HashMap<Present, Seen>,
    ignored: u64,
    /// Of what is present: made anew when that changes, and asked for each request.
    serving: Serving,
    /// Grows when who serves what changes.
    changes: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Serving {
    models: HashMap<ModelName, Workers>,
    /// Workers that may serve any model: they serve more than they can say.
    any: usize,
}

/// Of one model.
#[derive(Debug, Default, PartialEq, Eq)]
struct Workers {
    /// Those with an upstream that is not down.
    serving: usize,
    /// Those whose upstreams are all down.
    down: usize,
}

/// Somebody who is there.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub beat: Beat,
    /// Since when it says that it is leaving.
    leaving_since: Option<Instant>,
}

/// Whether anybody will come for the requests of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// So many workers take its tickets.
    Served {
        workers: usize,
    },
    Unserved(Unserved),
    /// It was not listened for long enough to tell.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unserved {
    /// No worker takes its tickets.
    NoWorker,
    /// All upstreams of all workers that do are down.
    UpstreamsDown,
}

impl View {
    pub fn new(now: Instant) -> Self {
        Self {
            listening_since: None,
            settled_after: SETTLED_AFTER,
            now,
            present: HashMap::new(),
            ignored: 0,
            serving: Serving::default(),
            changes: 0,
        }
    }

    /// The broker is heard from now on; what was said before is unknown.
    pub fn listen(&mut self, now: Instant) {
        self.now = now;
        self.listening_since = Some(now);
        self.changes += 1;
    }

    /// The broker is heard no more.
    pub fn go_deaf(&mut self) {
        if self.listening_since.take().is_some() {
            self.settled_after = SETTLED_AGAIN_AFTER;
        }
        self.present.clear();
        self.count();
        self.changes += 1;
    }

    /// What cannot be read, and whoever is one too many, is counted and ignored.
    pub fn hear(
        &mut self,
        now: Instant,
        who: Present,
        payload: &[u8],
    ) -> Result<(), UnreadableBeat> {
        let full = self.present.len() >= MOST && !self.present.contains_key(&who);
        let beat = match Beat::decode(payload) {
            Ok(beat) if is_of(who, &beat.report) && !full => beat,
            Ok(_) => {
                self.ignored += 1;
                return Ok(());
            }
            Err(error) => {
                self.ignored += 1;
                return Err(error);
            }
        };
        let before = self.present.get(&who);
        let is_news = before.is_none_or(|seen| !seen.beat.serves_as(&beat));
        let left = before.and_then(|seen| seen.leaving_since);
        let leaving_since = beat.leaving.then(|| left.unwrap_or(now));
        self.present.insert(who, Seen { at: now, beat, leaving_since });
        if is_news {
            self.count();
        }
        Ok(())
    }

    /// Time passes: who was not heard for long is gone.
    pub fn tick(&mut self, now: Instant) {
        let stood_still = now.saturating_duration_since(self.now) > PAUSED;
        let was_settled = self.is_settled();
        self.now = now;
        if stood_still && self.listening_since.is_some() {
            self.listening_since = Some(now);
        }
        if was_settled != self.is_settled() {
            self.changes += 1;
        }
        if self.is_settled() {
            let before = self.present.len();
            self.present.retain(|_, seen| now.saturating_duration_since(seen.at) < GONE_AFTER);
            let leaves = |seen: &Seen| seen.leaving_since.is_some();
            if before != self.present.len() || self.present.values().any(leaves) {
                self.count();
            }
        }
    }

    /// Workers that were not heard for a moment, and when each was last heard.
    pub fn missed(&self) -> impl Iterator<Item = (WorkerId, Instant)> {
        let settled = self.is_settled();
        self.present.iter().filter_map(move |(who, seen)| match who {
            Present::Worker(worker) if settled && self.is_missed(seen.at) => {
                Some((*worker, seen.at))
            }
            Present::Worker(_)
            | Present::Gateway(_)
            | Present::Control(_)
            | Present::Projector(_) => None,
        })
    }

    fn is_missed(&self, heard: Instant) -> bool {
        self.now.saturating_duration_since(heard) >= MISSED_AFTER
    }

    /// It does not listen any more, unless it was heard since it was `heard`.
    pub fn lose(&mut self, worker: WorkerId, heard: Instant) {
        let who = Present::Worker(worker);
        if self.present.get(&who).is_some_and(|seen| seen.at == heard) {
            self.present.remove(&who);
            self.count();
        }
    }

    /// Who serves what, after what is present has changed.
    fn count(&mut self) {
        let mut serving = Serving::default();
        for report in self.workers() {
            serving.any += usize::from(report.more);
            for (model, is_down) in by_model(report) {
                let workers = serving.models.entry(model.clone()).or_default();
                *(if is_down { &mut workers.down } else { &mut workers.serving }) += 1;
            }
        }
        if serving != self.serving {
            self.serving = serving;
            self.changes += 1;
        }
    }

    /// Whether it was listened for so long that whoever is there was heard.
    pub fn is_settled(&self) -> bool {
        self.listening_since
            .is_some_and(|since| self.now.saturating_duration_since(since) >= self.settled_after)
    }

    pub fn present(&self) -> impl Iterator<Item = (&Present, &Seen)> {
        self.present.iter()
    }

    pub fn get(&self, who: &Present) -> Option<&Seen> {
        self.present.get(who)
    }

    /// Beats that were not taken note of.
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Who takes tickets of `model`, each with what it says of the model's upstreams.
    pub fn service(&self, model: &ModelName) -> Service {
        if !self.is_settled() {
            return Service::Unknown;
        }
        let Workers { serving, down } =
            self.serving.models.get(model).unwrap_or(&Workers { serving: 0, down: 0 });
        match (serving + self.serving.any, down) {
            (0, 0) => Service::Unserved(Unserved::NoWorker),
            (0, _) => Service::Unserved(Unserved::UpstreamsDown),
            (workers, _) => Service::Served { workers },
        }
    }

    /// Whether any worker is there, whatever it serves.
    pub fn has_workers(&self) -> bool {
        self.workers().next().is_some()
    }

    /// Another number whenever a model may be served that was not, or the other way round.
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// A worker that leaves is counted for a moment more: another one may be about to take its place.
    fn workers(&self) -> impl Iterator<Item = &WorkerReport> {
        let left = |seen: &Seen| {
            seen.leaving_since
                .is_some_and(|since| self.now.saturating_duration_since(since) >= LEFT_AFTER)
        };
        self.present.values().filter(move |seen| !left(seen)).filter_map(|seen| {
            match &seen.beat.report {
                Report::Worker(report) => Some(report),
                Report::Gateway(_) | Report::Control(_) | Report::Projector(_) => None,
            }
        })
    }
}

/// Each model of a worker, and whether all its upstreams are down there.
fn by_model(report: &WorkerReport) -> HashMap<&ModelName, bool> {
    let mut models = HashMap::new();
    for UpstreamReport { model, health, .. } in &report.upstreams {
        *models.entry(model).or_insert(true) &= health.is_down();
    }
    models
}

/// Nobody speaks for another role.
const fn is_of(who: Present, report: &Report) -> bool {
    matches!(
        (who, report),
        (Present::Gateway(_), Report::Gateway(_))
            | (Present::Worker(_), Report::Worker(_))
            | (Present::Control(_), Report::Control(_))
            | (Present::Projector(_), Report::Projector(_))
    )
}

#[cfg(test)]
mod spec;
