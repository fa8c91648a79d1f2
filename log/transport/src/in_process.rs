//! Tasks and messages within one process.

mod messages;
mod tasks;

pub use self::{messages::InProcessMessages, tasks::InProcessTasks};
