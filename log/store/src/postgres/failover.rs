//! When a server last said that it takes no writes: it became a standby, or was told to. The connections that were made
//! before are not used again, so that the next ones go to whoever takes writes now.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Of the process: it has one database.
static REFUSED: Mutex<Option<Instant>> = Mutex::new(None);

/// A server said so just now.
pub fn note() {
    *refused() = Some(Instant::now());
}

/// Whether the connection is from before.
pub fn is_outdated(created: Instant) -> bool {
    refused().is_some_and(|refused| created <= refused)
}

fn refused() -> MutexGuard<'static, Option<Instant>> {
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner)
}
