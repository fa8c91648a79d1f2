//! `OpenAI`'s chat-completions wire format, as gateway, worker, control and projector share it.
//!
//! A body that passes through is read where it lies and changed only where it must be: whatever this crate
//! does not know about is forwarded byte for byte. Pure: bytes in, bytes out.

pub mod answer;
pub mod chunk;
pub mod error;
pub mod models;
pub mod prompt;
pub mod request;
mod scan;
pub mod splice;
pub mod sse;
pub mod usage;

pub use scan::Malformed;
