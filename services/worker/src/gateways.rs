//! The way to the gateways and back: what they are sent, and what of theirs waits for each claim.

use std::sync::Arc;

use uplion_domain::{ClaimId, WorkerId, subject::Subject};
use uplion_log_transport::{
    Log,
    claim::{FromGateway, FromWorker},
    message::{Link, Messages},
    task::Ticket,
};
use uuid::Uuid;

use crate::{
    flow_control::{SendWindow, SendWindows},
    mailbox::{Mailbox, Mailboxes},
    metrics::Metrics,
};

pub struct Gateways {
    worker: WorkerId,
    messages: Arc<dyn Messages>,
    mailboxes: Mailboxes,
    windows: SendWindows,
    metrics: Metrics,
}

/// What one claim and the gateway of its request have to say to each other.
pub struct ClaimChannel {
    pub claim: ClaimId,
    pub gateway: Subject,
    gateways: Arc<Gateways>,
    mailbox: Mailbox,
    window: Arc<SendWindow>,
}

impl Gateways {
    pub fn new(worker: WorkerId, log: &Log, metrics: &Metrics) -> Self {
        let (messages, metrics) = (Arc::clone(&log.messages), metrics.clone());
        let (mailboxes, windows) = (Mailboxes::default(), SendWindows::default());
        Self { worker, messages, mailboxes, windows, metrics }
    }

    pub const fn worker(&self) -> WorkerId {
        self.worker
    }

    pub fn messages(&self) -> &dyn Messages {
        self.messages.as_ref()
    }

    pub const fn mailboxes(&self) -> &Mailboxes {
        &self.mailboxes
    }

    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub fn is_linked(&self) -> bool {
        *self.messages.link().borrow() != Link::Down
    }

    /// What is lost is not repeated here: the protocol repeats everything until it is answered.
    pub async fn send(&self, to: &Subject, message: &FromWorker) {
        if let Err(error) = self.messages.send(to, message.encode()).await {
            self.metrics.unsent.inc();
            tracing::debug!(error = &error as &dyn std::error::Error, "worker.message.unsent");
        }
    }

    /// For a new claim on this ticket.
    pub fn claim(self: &Arc<Self>, ticket: &Ticket) -> ClaimChannel {
        let claim = ClaimId::new(Uuid::now_v7());
        ClaimChannel {
            claim,
            gateway: Subject::Gateway { gateway: ticket.gateway, request: ticket.request },
            mailbox: self.mailboxes.open(claim),
            window: self.windows.of(ticket.gateway),
            gateways: Arc::clone(self),
        }
    }
}

impl ClaimChannel {
    pub async fn send(&self, message: &FromWorker) {
        self.gateways.send(&self.gateway, message).await;
    }

    /// Cancel-safe.
    pub async fn recv(&mut self) -> FromGateway {
        self.mailbox.recv().await
    }

    pub fn is_linked(&self) -> bool {
        self.gateways.is_linked()
    }

    pub fn worker(&self) -> WorkerId {
        self.gateways.worker()
    }

    pub const fn window(&self) -> &Arc<SendWindow> {
        &self.window
    }

    pub fn metrics(&self) -> &Metrics {
        self.gateways.metrics()
    }
}
