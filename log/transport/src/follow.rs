//! Keeping a view of a stream in memory, with proof of how fresh it is.
