//! A worker: started, ready to serve, stopped, or failed in a way that only a person can mend.

use crate::{ModelName, Timestamp, WorkerId, model::UpstreamId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Started {
        worker: WorkerId,
        models: Vec<ModelName>,
        /// What it is and where; none from before it said so.
        about: Option<Box<About>>,
        at: Timestamp,
    },
    /// It can serve these models, and takes their tasks from now on.
    Ready {
        worker: WorkerId,
        models: Vec<ModelName>,
        at: Timestamp,
    },
    Stopped {
        worker: WorkerId,
        at: Timestamp,
    },
    /// It takes no more tasks of `model` until a person has looked.
    Failed {
        worker: WorkerId,
        model: ModelName,
        reason: FailureReason,
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Requests that it serves at once.
    pub places: u32,
    /// That it asks, of all its models.
    pub upstreams: Vec<UpstreamId>,
    /// Where it runs, as its environment calls it.
    pub zone: Option<String>,
    /// Of the program.
    pub version: String,
}

/// The reasons that the operator shows on the model's object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    ConfigurationError,
    AuthenticationError,
    MessageQueueConnectionError,
    ApiQuotaExceededError,
    GeneralError,
}

impl Event {
    pub const fn worker(&self) -> WorkerId {
        match self {
            Self::Started { worker, .. }
            | Self::Ready { worker, .. }
            | Self::Stopped { worker, .. }
            | Self::Failed { worker, .. } => *worker,
        }
    }

    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Started { at, .. }
            | Self::Ready { at, .. }
            | Self::Stopped { at, .. }
            | Self::Failed { at, .. } => *at,
        }
    }
}
