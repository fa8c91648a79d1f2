//! Whether this machine's clock is that of NATS and of Postgres: measured, counted, and a reason not to be ready.
//!
//! Gateways go by the clock of NATS as far as it was measured, so that a wrong one prices, bills and expires nothing
//! wrongly until somebody sets it right. It may jump with a measurement: whatever lasts is measured by a monotonic clock.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use uplion_domain::Timestamp;
use uplion_http::Readiness;
use uplion_log_store::lease::Leases;
use uplion_log_transport::{
    clock::{Offset, offset},
    stream::Streams,
};

use crate::clock;

const EVERY: Duration = Duration::from_secs(10);
/// After a server did not say it: at a first start the streams come a moment later.
const SOON: Duration = Duration::from_secs(1);
/// For the first answer, before a gateway serves anybody.
const FIRST: Duration = Duration::from_secs(5);
/// Beyond it bills and deadlines are noticeably wrong.
const WARNING_SECONDS: f64 = 2.0;
/// Beyond it what is said to have happened did not happen then.
const LIMIT_SECONDS: f64 = 30.0;

#[derive(Debug, Default)]
pub struct ClockWatch {
    found: Mutex<BTreeMap<&'static str, Offset>>,
    seconds: Family<Server, Gauge<f64, AtomicU64>>,
    /// Microseconds that surely lie between this machine's clock and that of NATS.
    correction: AtomicI64,
    measured: Notify,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Server {
    server: &'static str,
}

const NATS: &str = "nats";
const POSTGRES: &str = "postgres";

impl ClockWatch {
    /// Asks until it is told to stop. Whoever keeps the log in the process itself has the same clock, and is not asked.
    pub fn start(
        streams: &Arc<dyn Streams>,
        leases: Option<&Arc<dyn Leases>>,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) -> Arc<Self> {
        let watch = Arc::new(Self::default());
        registry.register(
            "uplion_clock_offset_seconds",
            "By which the server's clock is ahead of this process's",
            watch.seconds.clone(),
        );
        let asking = Arc::clone(&watch).ask(Arc::clone(streams), leases.cloned());
        tokio::spawn(stop.clone().run_until_cancelled_owned(asking));
        watch
    }

    async fn ask(self: Arc<Self>, streams: Arc<dyn Streams>, leases: Option<Arc<dyn Leases>>) {
        loop {
            let nats = offset(clock::now, || streams.server_time()).await;
            let mut all_known = self.heard(NATS, nats);
            if let Some(leases) = &leases {
                let postgres = offset(clock::now, || leases.server_time()).await;
                all_known &= self.heard(POSTGRES, postgres);
            }
            tokio::time::sleep(if all_known { EVERY } else { SOON }).await;
        }
    }

    /// Whether the server said it.
    fn heard<E: Display>(&self, server: &'static str, found: Result<Option<Offset>, E>) -> bool {
        match found {
            Ok(found) => {
                self.note(server, found);
                self.measured.notify_waiters();
                true
            }
            Err(error) => {
                tracing::debug!(%error, "clock.unknown");
                false
            }
        }
    }

    fn note(&self, server: &'static str, found: Option<Offset>) {
        let Some(found) = found else { return };
        self.seconds.get_or_create(&Server { server }).set(found.seconds);
        let before = self.found().insert(server, found);
        if server == NATS {
            self.correction.store(correction_micros(found), Ordering::Relaxed);
        }
        let is_off = |offset: Offset| offset.certain() > WARNING_SECONDS;
        match (before.is_some_and(is_off), is_off(found)) {
            (false, true) => {
                tracing::warn!(server, offset_seconds = found.seconds, "clock.differs");
            }
            (true, false) => tracing::info!(server, "clock.agrees"),
            (true, true) | (false, false) => {}
        }
    }

    /// Otherwise what is wrong, for people.
    fn ready(&self) -> Result<(), String> {
        let off: Vec<String> = self
            .found()
            .iter()
            .filter(|(_, offset)| offset.certain() > LIMIT_SECONDS)
            .map(|(server, offset)| {
                let way = if offset.seconds > 0.0 { "behind" } else { "ahead of" };
                let apart = offset.seconds.abs();
                format!(
                    "this machine's clock is {apart:.0} s {way} that of {server}: let NTP set both"
                )
            })
            .collect();
        if off.is_empty() { Ok(()) } else { Err(off.join("\n")) }
    }

    /// This machine's clock, corrected by what was measured.
    pub fn corrected(self: &Arc<Self>) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let watch = Arc::clone(self);
        Arc::new(move || {
            let correction = watch.correction.load(Ordering::Relaxed);
            Timestamp::from_micros(clock::now().micros().saturating_add(correction))
        })
    }

    /// Until NATS was asked once; whoever cannot be asked is not waited for long.
    pub async fn measured(&self) {
        let measured = self.measured.notified();
        if self.found().contains_key(NATS) {
            return;
        }
        drop(timeout(FIRST, measured).await);
    }

    /// Ready if the role is, and its clock is right enough.
    pub fn and(self: &Arc<Self>, role: Readiness) -> Readiness {
        let watch = Arc::clone(self);
        Arc::new(move || {
            role()?;
            watch.ready()
        })
    }

    fn found(&self) -> MutexGuard<'_, BTreeMap<&'static str, Offset>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what was measured only what is certain: a slow answer moves no clock that may be right.
fn correction_micros(offset: Offset) -> i64 {
    let certain = Duration::try_from_secs_f64(offset.certain()).unwrap_or_default();
    let micros = i64::try_from(certain.as_micros()).unwrap_or_default();
    if offset.seconds < 0.0 { -micros } else { micros }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_a_reason_not_to_be_ready_once_it_is_surely_too_far_off() {
        let watch = Arc::new(ClockWatch::default());
        let ready = watch.and(Arc::new(|| Ok(())));
        let offset = |seconds| Some(Offset { seconds, uncertainty: 1.0 });
        for (seconds, told) in [
            (0.1, None),
            (29.0, None),
            (-30.5, None),
            (45.0, Some("45 s behind that of nats")),
            (-45.0, Some("45 s ahead of that of nats")),
            (1.0, None),
        ] {
            watch.note(NATS, offset(seconds));
            watch.note(POSTGRES, None);
            let said = ready().err();
            assert_eq!(said.is_some(), told.is_some(), "{seconds}: {said:?}");
            assert!(told.is_none_or(|told| said.unwrap().contains(told)), "{seconds}");
        }
        for (seconds, corrected) in [(0.9, 0), (3600.0, 3_599), (-3600.0, -3_599), (2.0, 1)] {
            watch.note(NATS, offset(seconds));
            watch.note(POSTGRES, offset(-seconds));
            let micros = (watch.corrected())().micros() - clock::now().micros();
            let apart = (micros - corrected * 1_000_000).abs();
            assert!(apart < 500_000, "{seconds}: {micros}");
        }
        watch.note(NATS, offset(0.0));
        watch.note(POSTGRES, offset(0.0));
        let down = watch.and(Arc::new(|| Err("down".to_owned())));
        assert_eq!(down(), Err("down".to_owned()));
    }
}
