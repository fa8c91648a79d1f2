//! JSON as it stands: read where it lies, and changed in place.

pub(crate) mod scan;
pub(crate) mod splice;
pub(crate) mod tree;

pub(crate) use self::splice::without_member;
pub use self::{scan::Malformed, splice::Edit};
