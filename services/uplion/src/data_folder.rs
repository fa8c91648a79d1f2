//! The folder in which `uplion dev` keeps an installation, and in which commands look for one.

/// Where it is unless a flag or a variable names another.
pub const DEFAULT: &str = "./uplion-data";
