//! Asks the stream how far it has come.

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::progress::{PROBE_EVERY, Progress};
use crate::stream::{StreamName, Streams};

pub(super) struct Prober {
    pub streams: Arc<dyn Streams>,
    pub stream: StreamName,
    pub seen: Arc<watch::Sender<Progress>>,
}

impl Prober {
    pub async fn run(self) {
        let mut probe = interval(PROBE_EVERY);
        probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            probe.tick().await;
            let asked = Instant::now();
            let answer = self.streams.identity(self.stream).await;
            self.seen.send_modify(|seen| seen.hear(asked, &answer));
        }
    }
}
