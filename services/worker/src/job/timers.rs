//! What time brings for one job: progress for the queue, a check once a second, the deadline.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep_until};
use uplion_log_transport::task::PROGRESS_EVERY;

use super::gateway_liveness::{CHECK_EVERY, GatewayLiveness};

/// After its deadline nobody but the projector's sweeper settles a request.
const SETTLE_GRACE: Duration = Duration::from_secs(30);

pub struct Timers {
    pub gateway: GatewayLiveness,
    deadline: Instant,
    progress_at: Instant,
    check_at: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Timers {
    pub fn new(now: Instant, left: Duration) -> Self {
        let (progress_at, check_at) = (now + PROGRESS_EVERY, now + CHECK_EVERY);
        Self {
            gateway: GatewayLiveness::new(now),
            deadline: now + left,
            progress_at,
            check_at,
            sleep: Box::pin(sleep_until(progress_at.min(check_at).into())),
        }
    }

    /// Returns when something is due. Cancel-safe.
    pub async fn next(&mut self) {
        let due = self.progress_at.min(self.check_at).into();
        if self.sleep.deadline() != due {
            self.sleep.as_mut().reset(due);
        }
        self.sleep.as_mut().await;
    }

    pub fn is_progress_due(&mut self, now: Instant) -> bool {
        is_due(&mut self.progress_at, now, PROGRESS_EVERY)
    }

    pub fn is_check_due(&mut self, now: Instant) -> bool {
        is_due(&mut self.check_at, now, CHECK_EVERY)
    }

    pub fn is_overdue(&self, now: Instant) -> bool {
        now >= self.deadline
    }

    pub fn settle_until(&self) -> Instant {
        self.deadline + SETTLE_GRACE
    }
}

fn is_due(at: &mut Instant, now: Instant, every: Duration) -> bool {
    let due = now >= *at;
    if due {
        *at = now + every;
    }
    due
}
