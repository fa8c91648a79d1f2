//! The relay, wherever this process is the one that runs it.

use std::sync::{Arc, RwLock};

use tokio_util::sync::CancellationToken;
use uplion_log_store::Store;
use uplion_log_transport::Log;

pub struct Relaying {
    pub holder: String,
    pub log: Log,
    pub store: Store,
    pub state: Arc<State>,
}

impl Relaying {
    pub async fn run(self, stop: CancellationToken) {
        stop.cancelled().await;
    }
}

/// What `/ready` tells.
#[derive(Debug, Default)]
pub struct State {
    trouble: RwLock<Option<String>>,
}

impl State {
    pub fn ready(&self) -> Result<(), String> {
        match self.trouble.read().expect("no holder of this lock panics").clone() {
            None => Ok(()),
            Some(trouble) => Err(trouble),
        }
    }
}
