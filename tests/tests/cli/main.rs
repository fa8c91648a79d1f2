//! The commands that people type, against `uplion dev`: what they print, and with which code they end.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod completions;
mod dev;
mod exit_codes;
mod installation;
mod projects;
mod shown;
mod writing;
