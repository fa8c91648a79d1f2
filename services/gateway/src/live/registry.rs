//! Who is under way here: a mailbox for each request, and what is still said of those that are over.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::mpsc;
use uplion_domain::RequestId;
use uplion_log_transport::message::Link;

use super::{request::EndedClaim, tombstones::Tombstones};

/// Messages that wait for one request. What overflows is sent again.
const MAILBOX: usize = 256;

#[derive(Debug, Clone)]
pub enum Message {
    Worker(Bytes),
    Link(Link),
    /// Who serves which model has changed.
    Outlook,
    Stop,
}

#[derive(Debug, Default)]
pub struct Registry {
    mailboxes: Mutex<HashMap<RequestId, mpsc::Sender<Message>>>,
    tombstones: Mutex<Tombstones>,
}

/// What became of a message to a request.
#[derive(Debug)]
pub enum Delivery {
    Delivered,
    /// The mailbox was full.
    Dropped,
    /// The request is not under way here; the message comes back.
    Absent(Bytes),
}

/// A request's own end. Dropping it takes the request out of the registry.
#[derive(Debug)]
pub struct Registration {
    registry: Arc<Registry>,
    request: RequestId,
    mailbox: mpsc::Receiver<Message>,
}

impl Registry {
    pub fn register(self: &Arc<Self>, request: RequestId) -> Registration {
        let (to, mailbox) = mpsc::channel(MAILBOX);
        self.mailboxes().insert(request, to);
        Registration { registry: Arc::clone(self), request, mailbox }
    }

    pub fn deliver(&self, request: RequestId, message: Bytes) -> Delivery {
        match self.mailboxes().get(&request) {
            Some(to) => match to.try_send(Message::Worker(message)) {
                Ok(()) => Delivery::Delivered,
                Err(_) => Delivery::Dropped,
            },
            None => Delivery::Absent(message),
        }
    }

    /// Whoever has no room for it looks at the next tick.
    pub fn deliver_to_all(&self, message: &Message) {
        for to in self.mailboxes().values() {
            drop(to.try_send(message.clone()));
        }
    }

    /// What the worker of a request that is over was told last.
    pub fn ended(&self, request: RequestId) -> Option<EndedClaim> {
        self.tombstones().get(request)
    }

    fn mailboxes(&self) -> MutexGuard<'_, HashMap<RequestId, mpsc::Sender<Message>>> {
        self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tombstones(&self) -> MutexGuard<'_, Tombstones> {
        self.tombstones.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration {
    pub async fn recv(&mut self) -> Option<Message> {
        self.mailbox.recv().await
    }

    pub fn try_recv(&mut self) -> Option<Message> {
        self.mailbox.try_recv().ok()
    }

    /// What its worker is told, should it ask once the request is over.
    pub fn leave_tombstone(&self, ended: EndedClaim) {
        self.registry.tombstones().add(self.request, ended);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.mailboxes().remove(&self.request);
    }
}
