//! What the benchmark and the tests share: an upstream that answers as it is told, load, and the revocation of keys.

pub mod load;
pub mod revocation;
pub mod upstream;
