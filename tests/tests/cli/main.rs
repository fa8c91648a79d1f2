//! The commands that people type, against `uplion dev`: what they print, and with which code they end.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod account;
mod broken_folders;
mod completions;
mod consent;
mod dev;
mod dev_start;
mod exit_codes;
mod history;
mod installation;
mod json;
mod keys;
mod lists;
mod models;
mod money;
mod output;
mod people;
mod probing;
mod projects;
mod sign_in;
mod write_options;
