//! What a gateway did not let in: demand that would otherwise leave no trace.

use super::RejectionReason;
use crate::{GatewayId, KeyId, ModelName, Timestamp};

/// At most one a minute for each gateway, key, model and reason: a client that hammers must not fill the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub gateway: GatewayId,
    /// The start of the minute that is summed up.
    pub minute: Timestamp,
    /// None if no key was shown that is known.
    pub key: Option<KeyId>,
    /// None if it is not one of the installation's.
    pub model: Option<ModelName>,
    pub reason: RejectionReason,
    pub count: u64,
    /// The sum of what their prompts were estimated at, in tokens.
    pub estimated_tokens: u64,
    pub at: Timestamp,
}
