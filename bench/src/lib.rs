//! What the benchmark and the tests share: an upstream that answers as it is told, and load.

pub mod load;
pub mod upstream;
