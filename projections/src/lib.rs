//! Questions asked of the log: pure folds, the tables they own, the statements that read them.

pub mod table;
