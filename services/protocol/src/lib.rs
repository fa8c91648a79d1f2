//! The wire formats of what is served, as gateway, worker and command line share them.
//!
//! A body that passes through is read where it lies and changed only where it must be: whatever this crate
//! does not know about is forwarded byte for byte. Pure: bytes in, bytes out. The endpoints are listed in
//! [`endpoint`], each in a module of its own.

pub mod dialect;
pub mod endpoint;
pub mod error;
pub mod json;
pub mod models;
pub mod sse;

pub use self::{dialect::Dialect, endpoint::Endpoint, json::Malformed};
