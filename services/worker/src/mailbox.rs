//! What gateways say to this worker, sorted by claim: one listener, a mailbox for each claim.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc::{self, error::TrySendError};
use uplion_domain::{
    ClaimId,
    subject::{Filter, Subject},
};
use uplion_log_transport::{
    claim::{FromGateway, FromWorker, ReleaseReason},
    message::Message,
};

use crate::context::Context;

/// Messages of one claim that may wait: credits, of which only the newest counts, and parts of a body, which are
/// asked for one at a time.
const MAILBOX: usize = 32;
const LISTEN_AGAIN: Duration = Duration::from_millis(500);

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
        let (sender, messages) = mpsc::channel(MAILBOX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(claim, sender);
        Mailbox { claim, messages, open: Arc::clone(&self.0) }
    }

    /// Whether somebody has that claim.
    fn deliver(&self, claim: ClaimId, message: FromGateway) -> bool {
        let senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full mailbox loses the message: whoever wants an answer to it says it again.
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

/// Sorts what arrives, for ever. `on_listening` is told when this worker can be answered.
pub async fn listen(context: &Context, on_listening: impl Fn(bool)) -> Infallible {
    let filter = Filter::ToWorker(context.worker);
    loop {
        match context.log.messages.listen(&filter).await {
            Ok(mut messages) => {
                on_listening(true);
                while let Some(message) = messages.recv().await {
                    sort(context, message).await;
                }
                on_listening(false);
                tracing::warn!("gateways cannot be heard any more, listening again");
            }
            Err(error) => tracing::warn!(%error, "gateways cannot be heard yet"),
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn sort(context: &Context, Message { subject, payload }: Message) {
    let message = match FromGateway::decode(payload) {
        Ok(message) => message,
        Err(error) => {
            context.metrics.unreadable.inc();
            tracing::debug!(%error, %subject, "message from a gateway cannot be read");
            return;
        }
    };
    let claim = claim_of(&message);
    let late_go = match &message {
        FromGateway::Go(go) => Some(go.accepted.clone()),
        FromGateway::Body { .. }
        | FromGateway::Wait { .. }
        | FromGateway::Drop { .. }
        | FromGateway::Credit { .. }
        | FromGateway::Settled { .. } => None,
    };
    if context.mailboxes.deliver(claim, message) {
        return;
    }
    if let Some(Ok(accepted)) = late_go.map(|accepted| accepted.read()) {
        // It came after the claim was given up. Unsaid, the gateway would wait for a sign of life.
        let (gateway, request) = (accepted.gateway, accepted.request);
        let gateway = Subject::Gateway { gateway, request };
        let reason = ReleaseReason::Draining;
        context.say(&gateway, &FromWorker::Release { claim, reason, delay_ms: 0 }).await;
    }
}

fn claim_of(message: &FromGateway) -> ClaimId {
    match message {
        FromGateway::Go(go) => go.claim,
        FromGateway::Body { claim, .. }
        | FromGateway::Wait { claim, .. }
        | FromGateway::Drop { claim }
        | FromGateway::Credit { claim, .. }
        | FromGateway::Settled { claim } => *claim,
    }
}
