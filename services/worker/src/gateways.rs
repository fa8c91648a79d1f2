//! The way to the gateways and back: what they are sent, and what of theirs waits for each claim.

use std::{future::pending, sync::Arc};

use uplion_domain::{ClaimId, GatewayId, WorkerId, subject::Subject};
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
    suspects::Suspects,
};

pub struct Gateways {
    worker: WorkerId,
    messages: Arc<dyn Messages>,
    mailboxes: Mailboxes,
    windows: SendWindows,
    suspects: Arc<Suspects>,
    metrics: Metrics,
}

/// What one claim and the gateway of its request have to say to each other.
pub struct ClaimChannel {
    pub claim: ClaimId,
    pub gateway: Subject,
    gateway_id: GatewayId,
    gateways: Arc<Gateways>,
    mailbox: Mailbox,
    window: Arc<SendWindow>,
}

impl Gateways {
    pub fn new(worker: WorkerId, log: &Log, metrics: &Metrics) -> Self {
        let (messages, metrics) = (Arc::clone(&log.messages), metrics.clone());
        let (mailboxes, windows) = (Mailboxes::default(), SendWindows::default());
        let suspects = Arc::new(Suspects::new(worker, Arc::clone(&messages)));
        Self { worker, messages, mailboxes, windows, suspects, metrics }
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

    pub const fn suspects(&self) -> &Arc<Suspects> {
        &self.suspects
    }

    /// Returns if nobody listens to what is sent there. Cancel-safe.
    pub async fn vanished(&self, gateway: &Subject) {
        if self.messages.has_listener(gateway).await {
            pending::<()>().await;
        }
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
            gateway_id: ticket.gateway,
            mailbox: self.mailboxes.open(claim),
            window: self.windows.of(ticket.gateway),
            gateways: Arc::clone(self),
        }
    }
}

impl ClaimChannel {
    pub const fn gateways(&self) -> &Arc<Gateways> {
        &self.gateways
    }

    pub const fn gateway_id(&self) -> GatewayId {
        self.gateway_id
    }

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
