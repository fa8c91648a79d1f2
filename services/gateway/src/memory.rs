//! How much is held of what clients and upstreams send, all requests together, against a bound.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

#[derive(Debug)]
pub struct MemoryBudget {
    most: u64,
    used: AtomicU64,
}

/// A part of it, given back when dropped.
#[derive(Debug)]
pub struct HeldMemory {
    memory: Arc<MemoryBudget>,
    bytes: u64,
}

impl MemoryBudget {
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, used: AtomicU64::new(0) })
    }

    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub fn nothing(self: &Arc<Self>) -> HeldMemory {
        HeldMemory { memory: Arc::clone(self), bytes: 0 }
    }
}

impl HeldMemory {
    /// Reserves up to `bytes` in all; false, and no change, if the bound is in the way.
    pub fn grow_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let grown = self.memory.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(more).filter(|used| *used <= self.memory.most)
        });
        self.bytes += grown.map_or(0, |_| more);
        grown.is_ok()
    }

    /// Whether there was room for `more` a moment ago.
    pub fn has_room(&self, more: u64) -> bool {
        self.memory.used() + more <= self.memory.most
    }

    /// As much as is held already, whatever the bound says.
    pub fn resize(&mut self, bytes: u64) {
        if bytes > self.bytes {
            self.memory.used.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else {
            self.memory.used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again() {
        let memory = MemoryBudget::new(10);
        let mut one = memory.nothing();
        assert!(one.grow_to(7));
        let mut other = memory.nothing();
        assert!(!other.grow_to(4));
        assert!(other.grow_to(3));
        assert!(!other.has_room(1));
        one.resize(2);
        assert!(other.has_room(5));
        drop((one, other));
        assert_eq!(memory.used(), 0);
    }
}
