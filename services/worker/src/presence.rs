//! What this worker says of itself once a second: which upstreams it takes tickets for, and how each of them fares.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use uplion_domain::worker::FailureReason;
use uplion_log_transport::{
    claim::ReleaseReason,
    presence::{UpstreamHealth, UpstreamReport, WorkerReport},
};

use crate::{
    served::ServedUpstream,
    upstream::{Upstream, health::HealthState},
};

/// A server that comes back within it was not down.
const A_RESTART: Duration = Duration::from_secs(1);
const UNREACHABLE: &str =
    "it cannot be reached from the worker: is it running, and is its URL right?";

/// The upstreams that this worker has a puller for.
#[derive(Default)]
pub struct Places(Mutex<Vec<Weak<Place>>>);

/// What one puller is at. It is given up when the puller drops it.
pub struct Place {
    served: ServedUpstream,
    stage: Mutex<Stage>,
    /// Since when it cannot be reached.
    unreachable_since: Mutex<Option<Instant>>,
}

enum Stage {
    SettingUp,
    /// For people: what is wrong with its settings.
    Unusable(String),
    Running(Arc<Upstream>),
}

impl Places {
    pub fn take(&self, served: &ServedUpstream) -> Arc<Place> {
        let stage = Mutex::new(Stage::SettingUp);
        let unreachable_since = Mutex::default();
        let place = Arc::new(Place { served: served.clone(), stage, unreachable_since });
        let mut places = self.places();
        places.retain(|place| place.strong_count() > 0);
        places.push(Arc::downgrade(&place));
        place
    }

    pub fn report(&self, zone: Option<String>) -> WorkerReport {
        let places: Vec<Arc<Place>> = self.places().iter().filter_map(Weak::upgrade).collect();
        let upstreams = places.iter().map(|place| place.report()).collect();
        WorkerReport { zone, upstreams, more: false }
    }

    fn places(&self) -> MutexGuard<'_, Vec<Weak<Place>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub fn runs(&self, upstream: &Arc<Upstream>) {
        self.enter(Stage::Running(Arc::clone(upstream)));
    }

    pub fn is_unusable(&self, why: String) {
        self.enter(Stage::Unusable(why));
    }

    fn enter(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    fn report(&self) -> UpstreamReport {
        let ServedUpstream { model, upstream } = &self.served;
        let (health, in_flight) = match &*self.stage.lock().unwrap_or_else(PoisonError::into_inner)
        {
            Stage::SettingUp => (UpstreamHealth::Up, 0),
            Stage::Unusable(why) => (UpstreamHealth::Down { reason: why.clone() }, 0),
            Stage::Running(upstream) => {
                (self.standing(upstream.health.now()), upstream.in_flight())
            }
        };
        UpstreamReport {
            model: model.clone(),
            upstream: upstream.id(),
            url: upstream.url.clone(),
            health,
            in_flight,
            capacity: upstream.max_in_flight,
        }
    }
    /// Who cannot be reached for longer than a restart takes is down, though nobody need do anything here.
    fn standing(&self, health: HealthState) -> UpstreamHealth {
        let now = Instant::now();
        let mut unreachable_since =
            self.unreachable_since.lock().unwrap_or_else(PoisonError::into_inner);
        let (reason, until) = match health {
            HealthState::Resting { reason, until } => (reason, until),
            HealthState::Up => {
                *unreachable_since = None;
                return UpstreamHealth::Up;
            }
            HealthState::Down(reason) => {
                *unreachable_since = None;
                return UpstreamHealth::Down { reason: words(reason).to_owned() };
            }
        };
        if reason != ReleaseReason::Unreachable {
            *unreachable_since = None;
        } else if now - *unreachable_since.get_or_insert(now) >= A_RESTART {
            return UpstreamHealth::Down { reason: UNREACHABLE.to_owned() };
        }
        let left = until.saturating_duration_since(now).as_millis();
        UpstreamHealth::Resting { for_ms: u64::try_from(left).unwrap_or(u64::MAX) }
    }
}

/// What is wrong, for who can mend it.
const fn words(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::ConfigurationError => {
            "it does not know the model, or its URL is wrong: correct the upstream's registration"
        }
        FailureReason::AuthenticationError => {
            "it does not take the API key: renew it where the worker finds it, and restart the worker"
        }
        FailureReason::ApiQuotaExceededError => {
            "the quota or credit with it is used up: pay, or wait for the next period"
        }
        FailureReason::MessageQueueConnectionError => "the worker cannot reach the queue",
        FailureReason::GeneralError => "it fails every request: its own log says why",
    }
}
