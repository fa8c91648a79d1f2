//! What the benchmark and the tests share: an upstream that answers as it is told.

pub mod upstream;
