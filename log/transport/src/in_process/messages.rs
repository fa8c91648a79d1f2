//! Messages from one part of a process to another.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    watch,
};
use uplion_domain::subject::{Filter, Subject};

use crate::message::{LISTEN_BUFFER, Link, Message, Messages, SendError};

#[derive(Debug)]
pub struct InProcessMessages {
    listeners: RwLock<Vec<Listener>>,
    lost: AtomicU64,
    link: watch::Sender<Link>,
}

#[derive(Debug)]
struct Listener {
    filter: Filter,
    to: mpsc::Sender<Message>,
}

impl Default for InProcessMessages {
    fn default() -> Self {
        Self {
            listeners: RwLock::default(),
            lost: AtomicU64::new(0),
            link: watch::Sender::new(Link::Up { session: 1 }),
        }
    }
}

impl InProcessMessages {
    /// How many messages met a full buffer.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether somebody listened to it who does no longer.
    fn deliver(&self, message: &Message) -> bool {
        let mut gone = false;
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter().filter(|to| to.filter.matches(&message.subject)) {
            match listener.to.try_send(message.clone()) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
                Err(TrySendError::Closed(_)) => gone = true,
            }
        }
        gone
    }

    fn forget_who_is_gone(&self) {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| !listener.to.is_closed());
    }
}

#[async_trait]
impl Messages for InProcessMessages {
    async fn listen(&self, filter: &Filter) -> Result<mpsc::Receiver<Message>, SendError> {
        let (to, messages) = mpsc::channel(LISTEN_BUFFER);
        let listener = Listener { filter: filter.clone(), to };
        self.forget_who_is_gone();
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(listener);
        Ok(messages)
    }

    async fn send(&self, subject: &Subject, payload: Bytes) -> Result<(), SendError> {
        if self.deliver(&Message { subject: subject.clone(), payload }) {
            self.forget_who_is_gone();
        }
        Ok(())
    }

    async fn has_listener(&self, subject: &Subject) -> bool {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().any(|to| to.filter.matches(subject) && !to.to.is_closed())
    }

    fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }
}
