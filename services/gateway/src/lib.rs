//! The gateway: holds the client's connection, decides alone about its request, and settles it.
//!
//! It needs the log and its own memory, and nothing else.

mod admission;
mod admission_gate;
mod body;
mod end_user;
mod gateway;
mod inference;
mod live;
mod live_catalog;
mod log_probe;
mod memory;
mod metrics;
mod models;
mod options;
mod outlook;
mod permit;
mod recording;
mod rejections;
mod reply;
mod routes;
mod self_ping;
mod serving;
mod streams_upkeep;
mod waiting;

use std::sync::Arc;

use uplion_domain::{RequestId, Timestamp};
use uuid::Uuid;

pub use self::{
    end_user::EndUserKey,
    gateway::Gateway,
    options::{Bounds, LONGEST_DEADLINE, Options, RetryLimits, Serving, Timeouts},
    recording::LOG_REFUSES,
};

/// The time of day. What must not jump is measured apart from it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

fn request_id() -> RequestId {
    RequestId::new(Uuid::now_v7())
}
