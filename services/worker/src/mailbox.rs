//! A mailbox for each claim, for what gateways say to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::mpsc::{self, error::TrySendError};
use uplion_domain::ClaimId;
use uplion_log_transport::claim::FromGateway;

/// Messages of one claim that may wait: credits, of which only the newest counts, and parts of a body, which are
/// asked for one at a time.
const CAPACITY: usize = 32;

type Senders = Arc<Mutex<HashMap<ClaimId, mpsc::Sender<FromGateway>>>>;

#[derive(Default)]
pub struct Mailboxes(Senders);

pub struct Mailbox {
    claim: ClaimId,
    messages: mpsc::Receiver<FromGateway>,
    open: Senders,
}

impl Mailboxes {
    pub fn open(&self, claim: ClaimId) -> Mailbox {
        let (sender, messages) = mpsc::channel(CAPACITY);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(claim, sender);
        Mailbox { claim, messages, open: Arc::clone(&self.0) }
    }

    /// Whether somebody has that claim.
    pub fn deliver(&self, claim: ClaimId, message: FromGateway) -> bool {
        let senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full mailbox loses the message: whoever wants an answer to it sends it again.
        senders
            .get(&claim)
            .is_some_and(|sender| !matches!(sender.try_send(message), Err(TrySendError::Closed(_))))
    }
}

impl Mailbox {
    pub async fn recv(&mut self) -> FromGateway {
        match self.messages.recv().await {
            Some(message) => message,
            // The sender lies in `open` until this is dropped.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.claim);
    }
}
