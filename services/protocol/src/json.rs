//! JSON as it stands: read where it lies, and changed in place.

pub(crate) mod scan;
pub(crate) mod splice;

pub use self::{scan::Malformed, splice::Edit};
