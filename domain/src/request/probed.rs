//! A gateway asked the log whether it takes what is written again.

use crate::{GatewayId, Timestamp};

/// No request's, and nothing is charged for it: only that it was acknowledged says something, and to its gateway alone.
/// At most one a second for each gateway, and none while its settlements are acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    pub gateway: GatewayId,
    pub at: Timestamp,
}
