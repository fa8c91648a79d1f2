//! `uplion doctor` on broken installations: what it says of each, as docs/doctor.md has it.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod exam;
mod page;
mod servers;
mod storage;
