//! The time of day.

use std::sync::Arc;

use uplion_domain::Timestamp;

/// Whatever a worker says about when, it takes from here.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
