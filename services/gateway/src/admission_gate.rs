//! What keeps the whole gateway from admitting: it is stopping, it hears no workers, the log is nearly full.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

#[derive(Debug, Default)]
pub struct AdmissionGate {
    closing: AtomicBool,
    listening: AtomicBool,
    log_full: AtomicBool,
    ensured: AtomicBool,
    /// Why streams and queue cannot be made.
    unmade: Mutex<Option<String>>,
}

impl AdmissionGate {
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
    }

    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    pub fn set_log_full(&self, full: bool) {
        self.log_full.store(full, Ordering::Relaxed);
    }

    pub fn is_log_full(&self) -> bool {
        self.log_full.load(Ordering::Relaxed)
    }

    /// Whether streams and queue were there when this gateway last looked.
    pub fn set_ensured(&self, ensured: bool) {
        self.ensured.store(ensured, Ordering::Relaxed);
    }

    pub fn set_unmade(&self, why: Option<String>) {
        *self.unmade.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub fn why_unmade(&self) -> Option<String> {
        self.unmade.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn is_ensured(&self) -> bool {
        self.ensured.load(Ordering::Relaxed)
    }
}
