//! How long both stores remember which commands were carried out.

use crate::{clock, event_store::Idempotency};

/// Of those that are too old, so many go with each that comes: they cannot pile up, and no commit takes long.
pub const TOGETHER: i64 = 100;

/// Up to this time, µs since 1970, a command's key is forgotten.
pub fn forgotten(command: &Idempotency) -> i64 {
    let kept = i64::try_from(command.kept.as_micros()).unwrap_or(i64::MAX);
    clock::now_micros().saturating_sub(kept)
}
