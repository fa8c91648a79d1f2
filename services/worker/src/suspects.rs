//! Gateways that do not answer. What waits for them waits behind what others want and holds no place at an upstream.
//!
//! A suspicion only delays: no ticket is given up by it. While it lasts its gateway is asked whether it is there, and
//! one word from it ends it.

use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::sleep};
use uplion_domain::{GatewayId, RequestId, WorkerId, subject::Subject};
use uplion_log_transport::{claim::FromWorker, message::Messages};
use uuid::Uuid;

/// Between questions, while it may be back any moment and later.
const ASK_EVERY: Duration = Duration::from_millis(250);
const ASK_LATER: Duration = Duration::from_secs(1);
const YOUNG: Duration = Duration::from_secs(10);
/// Nobody has had a ticket of it for so long: there are none any more.
const FORGET_AFTER: Duration = Duration::from_mins(1);
/// How long a ticket is left alone: longer the older the suspicion is.
const SHORTEST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

pub struct Suspects {
    worker: WorkerId,
    messages: Arc<dyn Messages>,
    /// How many there are: mostly none, and then nothing is locked.
    count: AtomicUsize,
    each: Mutex<HashMap<GatewayId, Suspect>>,
    /// Told when there is one more.
    more: watch::Sender<()>,
}

struct Suspect {
    since: Instant,
    /// When somebody last had a ticket of it.
    wanted: Instant,
}

impl Suspects {
    pub fn new(worker: WorkerId, messages: Arc<dyn Messages>) -> Self {
        let (count, each) = (AtomicUsize::new(0), Mutex::default());
        Self { worker, messages, count, each, more: watch::Sender::new(()) }
    }

    /// How long to leave a ticket of this gateway alone; none if it is under no suspicion.
    pub fn delay(&self, gateway: GatewayId) -> Option<Duration> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let (mut suspects, now) = (self.suspects(), Instant::now());
        let suspect = suspects.get_mut(&gateway)?;
        suspect.wanted = now;
        Some(now.duration_since(suspect.since).clamp(SHORTEST_DELAY, LONGEST_DELAY))
    }

    /// It did not answer.
    pub fn suspect(self: &Arc<Self>, gateway: GatewayId) {
        let now = Instant::now();
        let new = {
            let mut suspects = self.suspects();
            let before = suspects.len();
            // Of several claims that it leaves unanswered the first began the suspicion.
            suspects.entry(gateway).or_insert(Suspect { since: now, wanted: now });
            self.count.store(suspects.len(), Ordering::Relaxed);
            suspects.len() > before
        };
        if new {
            tracing::warn!(%gateway, "worker.gateway.suspected");
            self.more.send_replace(());
            tokio::spawn(Arc::clone(self).keep_asking(gateway));
        }
    }

    /// Something came from it.
    pub fn heard(&self, gateway: GatewayId) {
        if self.count.load(Ordering::Relaxed) > 0 && self.forget(gateway) {
            tracing::info!(%gateway, "worker.gateway.heard_again");
        }
    }

    /// Returns once it is under suspicion. Cancel-safe.
    pub async fn suspected(&self, gateway: GatewayId) {
        let mut more = self.more.subscribe();
        while !self.suspects().contains_key(&gateway) {
            if more.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }

    async fn keep_asking(self: Arc<Self>, gateway: GatewayId) {
        // No request has this id, so that the gateway itself answers.
        let to = Subject::Gateway { gateway, request: RequestId::new(Uuid::nil()) };
        let question = FromWorker::AreYouThere { worker: self.worker }.encode();
        loop {
            let pause = match self.suspects().get(&gateway) {
                Some(suspect) if suspect.wanted.elapsed() > FORGET_AFTER => break,
                Some(suspect) if suspect.since.elapsed() < YOUNG => ASK_EVERY,
                Some(_) => ASK_LATER,
                None => return,
            };
            // What is lost is asked again.
            drop(self.messages.send(&to, question.clone()).await);
            sleep(pause).await;
        }
        self.forget(gateway);
    }

    fn forget(&self, gateway: GatewayId) -> bool {
        let mut suspects = self.suspects();
        let was = suspects.remove(&gateway).is_some();
        self.count.store(suspects.len(), Ordering::Relaxed);
        was
    }

    fn suspects(&self) -> MutexGuard<'_, HashMap<GatewayId, Suspect>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
