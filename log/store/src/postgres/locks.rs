//! The advisory locks that are taken in the database, all in one place because they share one space.

/// Writers of control-plane events: one at a time, so that positions are in commit order.
pub const COMMIT: i64 = 0x7570_6c69_6f6e_0001;
/// Whoever brings the tables up to date.
pub const MIGRATION: i64 = 0x7570_6c69_6f6e_0002;
/// Whoever makes or drops tables of projections and their views.
pub const TABLES: i64 = 0x7570_6c69_6f6e_0003;
