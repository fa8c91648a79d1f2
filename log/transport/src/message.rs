//! Core messages: delivered at most once, in order from one sender, kept by nobody.

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use uplion_domain::subject::{Filter, Subject};

#[derive(Debug, Clone)]
pub struct Message {
    pub subject: Subject,
    pub payload: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message broker cannot be reached: {0}")]
pub struct SendError(pub String);

/// Messages that a listener may be behind by before it loses some.
pub const LISTEN_BUFFER: usize = 64 * 1024;

/// Whether the broker can be reached, as far as this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// `session` grows with each reconnect: who sees a new one must assume that streams and messages were lost.
    Up {
        session: u64,
    },
    Down,
}

#[async_trait]
pub trait Messages: Send + Sync {
    /// Messages for the filter from now on. Returns once the subscription is in force (in a cluster: at the node that
    /// this process is connected to; others learn of it a moment later). Ends when the receiver is dropped.
    /// The buffer is bounded: who falls behind by more than it loses messages, so protocols above bound what is in flight.
    async fn listen(&self, filter: &Filter) -> Result<mpsc::Receiver<Message>, SendError>;

    /// Hands the message to the broker without waiting for anybody to receive it. Waits only for room to send.
    async fn send(&self, subject: &Subject, payload: Bytes) -> Result<(), SendError>;

    /// Whether anybody listens to what is sent to the subject, as far as the broker knows; yes also while it does not
    /// say. Who listens may get an empty message by it.
    async fn has_listener(&self, subject: &Subject) -> bool;

    fn link(&self) -> watch::Receiver<Link>;
}
