//! Tasks and messages within one process.
