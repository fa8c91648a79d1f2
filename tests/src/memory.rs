//! How much memory a process holds.

use crate::process::Process;

/// Resident bytes; 0 if it does not run.
pub fn resident(process: &Process) -> u64 {
    let read = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    read().unwrap_or(0) << 10
}
