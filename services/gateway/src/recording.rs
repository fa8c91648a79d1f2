//! Whether the log takes what is settled.
//!
//! A gateway whose settlements nobody acknowledges can give no answer to anybody, so it admits nobody then: a client is
//! told at once instead of after ten seconds, and no upstream works for nothing. What waits is written again and again,
//! and an event of the gateway's own is tried as well, for nobody may wait. What is acknowledged lets in one request,
//! then two, then four: a log that takes only what is small, or only now and then, wastes few answers.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uplion_log_transport::stream::AppendError;

/// Somebody has waited for so long and nobody was acknowledged meanwhile. A change of a stream's leader may take
/// longer, and its clients get their answers; those who come then are told to come again.
const STUCK_AFTER: Duration = Duration::from_secs(3);
/// So many under way say that all may come.
const WIDE: usize = 256;

const DISK: &str = "a nats-server whose disk was full takes writes again only after it was restarted with room: \
    `uplion doctor --nats-monitor` tells whether that is it";
const FULL: &str = "a projector that archives empties it; otherwise start every role with a larger --traffic-max-bytes";

/// What clients are told while it is not open.
pub const LOG_REFUSES: &str = "the log does not take what is written";

#[derive(Debug)]
pub struct Recording(Mutex<State>);

#[derive(Debug)]
struct State {
    door: Door,
    /// Settlements that are not acknowledged yet.
    waiting: usize,
    /// Of the last acknowledgement, or when the first of those that wait began.
    since: Instant,
    /// Those under way that came in while it was opening.
    passed: usize,
    /// Why nothing was acknowledged, and what helps.
    trouble: Option<(String, &'static str)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Closed,
    Opening { window: usize },
}

/// A settlement that is not acknowledged yet.
#[derive(Debug)]
pub struct Waiting {
    recording: Arc<Recording>,
    /// False once it is known that it is not the log's fault.
    counts: bool,
}

/// The place of one that came in while the door was opening. None of them once it is open.
#[derive(Debug, Default)]
pub struct Pass(Option<Arc<Recording>>);

impl Default for Recording {
    fn default() -> Self {
        Self(Mutex::new(State {
            door: Door::Open,
            waiting: 0,
            since: Instant::now(),
            passed: 0,
            trouble: None,
        }))
    }
}

impl Recording {
    /// None if nobody is let in, or nobody more for now.
    pub fn admit(self: &Arc<Self>) -> Option<Pass> {
        let mut state = self.state();
        match state.look() {
            Door::Open => Some(Pass(None)),
            Door::Opening { window } if state.passed < window => {
                state.passed += 1;
                Some(Pass(Some(Arc::clone(self))))
            }
            Door::Closed | Door::Opening { .. } => None,
        }
    }

    pub fn wait(self: &Arc<Self>) -> Waiting {
        let mut state = self.state();
        if state.waiting == 0 {
            state.since = Instant::now();
        }
        state.waiting += 1;
        Waiting { recording: Arc::clone(self), counts: true }
    }

    /// Settlements that are not acknowledged yet.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Whether nobody is let in.
    pub fn is_closed(&self) -> bool {
        self.state().look() == Door::Closed
    }

    /// Whether an event of the gateway's own should find out how the log is.
    pub fn wants_probe(&self) -> bool {
        self.state().look() != Door::Open
    }

    /// The gateway's own event arrived.
    pub fn probed(&self) {
        self.state().acknowledged(|window| window * 2);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self) -> Door {
        if self.waiting > 0 && self.since.elapsed() > STUCK_AFTER {
            self.close();
        }
        self.door
    }

    fn close(&mut self) {
        if std::mem::replace(&mut self.door, Door::Closed) != Door::Closed {
            let trouble = self.trouble.take();
            let (error, advice) =
                trouble.unwrap_or_else(|| ("nothing was acknowledged for seconds".into(), DISK));
            tracing::error!(error, advice, "gateway.log.refuses");
        }
    }

    fn acknowledged(&mut self, wider: impl FnOnce(usize) -> usize) {
        self.since = Instant::now();
        self.trouble = None;
        self.door = match self.door {
            Door::Open => Door::Open,
            Door::Closed => Door::Opening { window: 1 },
            Door::Opening { window } => match wider(window) {
                window if window < WIDE => Door::Opening { window },
                _ => {
                    tracing::info!("gateway.log.takes");
                    Door::Open
                }
            },
        };
    }

    fn failed(&mut self, error: &impl Display, is_full: bool) {
        self.trouble = Some((error.to_string(), if is_full { FULL } else { DISK }));
        // A full stream says so; what is not acknowledged may be so in a moment, unless it was so a moment ago.
        if is_full || matches!(self.door, Door::Opening { .. }) {
            self.close();
        }
    }
}

impl Waiting {
    pub fn acknowledged(self) {
        self.recording.state().acknowledged(|window| window + 1);
    }

    /// What fails for its own sake says nothing of the log.
    pub fn failed(&mut self, error: &AppendError) {
        match error {
            AppendError::Full(_) => self.recording.state().failed(error, true),
            AppendError::Unacknowledged { .. } | AppendError::Unavailable { .. } => {
                self.recording.state().failed(error, false);
            }
            AppendError::TooLarge { .. } | AppendError::WrongLast { .. } => self.leave(),
        }
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.counts) {
            self.recording.state().waiting -= 1;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(recording) = self.0.take() {
            recording.state().passed -= 1;
        }
    }
}

#[cfg(test)]
#[path = "recording/spec.rs"]
mod spec;
