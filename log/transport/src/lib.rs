//! The shared log in motion: streams of events, tasks that wait for a worker, and the talk between
//! the gateway and the worker of a request.
//!
//! Two implementations: NATS JetStream ([`nats`]), and one process ([`in_process`], whose streams are kept
//! by whoever implements [`stream::Streams`] on disk). One conformance suite runs against both.

pub mod certificate;
pub mod claim;
pub mod clock;
pub mod follow;
pub mod frame;
pub mod in_process;
pub mod log_key;
pub mod message;
pub mod nats;
pub mod presence;
pub mod stream;
pub mod task;

mod hex;

use std::sync::Arc;

/// The log, as the services see it.
#[derive(Clone)]
pub struct Log {
    pub streams: Arc<dyn stream::Streams>,
    pub tasks: Arc<dyn task::Tasks>,
    pub messages: Arc<dyn message::Messages>,
    /// Under which this process signs; none if nothing is signed here.
    pub keys: Option<log_key::LogKeys>,
}
