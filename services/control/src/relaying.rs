//! The relay, wherever this process is the one that runs it: what was committed goes onto CONTROL, in commit order.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uplion_log_store::{Store, event_store::Stored, lease::Lease};
use uplion_log_transport::{
    Log,
    stream::{AppendError, Appended, Condition, StreamName},
};

const JOB: &str = "relay";
/// A relay that does not renew its lease for so long is replaced. CONTROL itself refuses two writers.
const KEEP: Duration = Duration::from_secs(5);
/// Between attempts at a lease that somebody else holds, or at a log or store that does not answer.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long to wait for a commit before the lease is renewed again.
const IDLE_MS: u64 = 1_000;
const BATCH: usize = 256;

pub struct Relaying {
    pub holder: String,
    pub log: Log,
    pub store: Store,
    pub state: Arc<State>,
}

/// What `/ready` tells.
#[derive(Debug)]
pub struct State {
    trouble: RwLock<Option<String>>,
}

/// Where the relay is: the last event on CONTROL, and where that event stands in the event store.
#[derive(Debug, Clone, Copy)]
struct Place {
    sequence: u64,
    position: u64,
}

impl Relaying {
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.tenure(&stop).await {
                Ok(()) => self.state.well(),
                Err(error) => self.state.trouble(&format!("{error:#}")),
            }
            tokio::select! {
                () = sleep(PATIENCE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Relays until the lease is lost, somebody else holds it, or something fails.
    async fn tenure(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let leases = &self.store.leases;
        let taken = tokio::select! {
            taken = leases.take(JOB, &self.holder, KEEP) => taken?,
            () = stop.cancelled() => return Ok(()),
        };
        let Some(lease) = taken else {
            // Another control relays; this one need only see that it could.
            return Ok(());
        };
        // An append that is cut off here may arrive or not: CONTROL's end tells the next relay.
        let relayed = tokio::select! {
            relayed = self.relay(&lease) => relayed,
            () = stop.cancelled() => Ok(()),
        };
        // Only a courtesy to the next one: a lease that is not released expires.
        match timeout(PATIENCE, leases.release(&lease)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "control.relay.release"),
            Err(_) => tracing::warn!("control.relay.release.unanswered"),
        }
        relayed
    }

    /// Returns when the lease is lost.
    async fn relay(&self, lease: &Lease) -> anyhow::Result<()> {
        let mut place = self.place().await?;
        let mut renewed = Instant::now();
        self.state.well();
        loop {
            if renewed.elapsed() >= KEEP / 4 {
                if !self.store.leases.renew(lease, KEEP).await? {
                    return Ok(());
                }
                renewed = Instant::now();
            }
            let committed = self.store.events.after(place.position, BATCH).await?;
            if committed.is_empty() {
                self.store.events.changed(place.position, IDLE_MS).await?;
            }
            for stored in committed {
                let next = self.publish(place, &stored).await?;
                let published = next.position == stored.position;
                place = next;
                if !published {
                    break;
                }
            }
        }
    }

    /// Where the relay is then: behind `stored`, or wherever CONTROL ends.
    async fn publish(&self, place: Place, stored: &Stored) -> anyhow::Result<Place> {
        let condition = Condition { unique: true, last: Some(place.sequence) };
        let event = stored.event.clone();
        match self.log.streams.append(&stored.subject, event, condition).await {
            Ok(Appended { sequence, duplicate: false }) => {
                Ok(Place { sequence, position: stored.position })
            }
            // Ours may have arrived before, or another relay was quicker: CONTROL's end tells.
            Ok(Appended { duplicate: true, .. })
            | Err(AppendError::WrongLast { .. } | AppendError::Unacknowledged { .. }) => {
                self.place().await
            }
            Err(error @ (AppendError::Full(_) | AppendError::Unavailable { .. })) => {
                Err(error.into())
            }
        }
    }

    /// Behind CONTROL's own last event.
    async fn place(&self) -> anyhow::Result<Place> {
        let identity = self.log.streams.identity(StreamName::Control).await?;
        let sequence = identity.last;
        if sequence < identity.first || sequence == 0 {
            // Empty: the first stream, or one that replaces another, whose events were counted on.
            return Ok(Place { sequence, position: sequence });
        }
        let last = self.log.streams.get(StreamName::Control, sequence).await?;
        let last =
            last.with_context(|| format!("CONTROL does not hold its last event, {sequence}"))?;
        match self.store.events.position_of(&last.event.id).await? {
            Some(position) => Ok(Place { sequence, position }),
            None => bail!(
                "CONTROL holds event {} that the database does not know, so the database went back in time: \
                 run `uplion log restore`",
                last.event.id
            ),
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self { trouble: RwLock::new(Some("starting".to_owned())) }
    }
}

impl State {
    pub fn ready(&self) -> Result<(), String> {
        match self.trouble.read().expect("no holder of this lock panics").clone() {
            None => Ok(()),
            Some(trouble) => Err(trouble),
        }
    }

    fn well(&self) {
        if self.set(None).is_some() {
            tracing::info!("control.relay.well");
        }
    }

    fn trouble(&self, why: &str) {
        if self.set(Some(why.to_owned())).as_deref() != Some(why) {
            tracing::error!(why, "control.relay");
        }
    }

    /// What was there before.
    fn set(&self, trouble: Option<String>) -> Option<String> {
        std::mem::replace(
            &mut *self.trouble.write().expect("no holder of this lock panics"),
            trouble,
        )
    }
}
