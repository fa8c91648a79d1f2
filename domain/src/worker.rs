//! A worker: started, stopped, or failed in a way that only a person can mend.

use crate::{ModelName, Timestamp, WorkerId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Started {
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

/// The reasons that the operator shows on the model's object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    ConfigurationError,
    AuthenticationError,
    MessageQueueConnectionError,
    ApiQuotaExceededError,
    GeneralError,
}
