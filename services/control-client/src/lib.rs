//! The control API as a Rust program calls it: the base URL, the credential, retries, positions, paging and problem
//! documents are handled here once, for the command line, `uplion dev`, the tests and the operator.

mod client;
mod error;
mod list;
mod options;
mod path;
mod request;
mod setup;

pub use client::{Client, ClientOptions, Versioned, http_builder};
pub use error::{Error, Problem, root_cause};
pub use list::{List, ListOptions};
pub use options::WriteOptions;
pub use path::{PATH, base_url};
pub use setup::{IssuedKey, NewModel, NewUpstream};
