//! What a streamed answer and the connection that it is written to know of each other.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

/// An answer that is being written.
pub trait StreamedBody: Send + Sync {
    /// All that was handed over is with the operating system now.
    fn flushed(&self);

    /// Whether it may be written on.
    fn may_write(&self) -> bool;
}

#[derive(Default)]
pub struct Connection {
    writing: Mutex<Option<Arc<dyn StreamedBody>>>,
}

impl Connection {
    /// The answer that is being written; one at a time, as HTTP/1.1 has it.
    pub(crate) fn watch(&self, writing: Option<Arc<dyn StreamedBody>>) {
        *self.writing.lock().unwrap_or_else(PoisonError::into_inner) = writing;
    }

    pub(crate) fn flushed(&self) {
        if let Some(writing) = &*self.writing.lock().unwrap_or_else(PoisonError::into_inner) {
            writing.flushed();
        }
    }

    pub(crate) fn check_permission(&self) -> io::Result<()> {
        match &*self.writing.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(writing) if !writing.may_write() => {
                Err(io::Error::new(io::ErrorKind::TimedOut, "the worker may have given us up"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
