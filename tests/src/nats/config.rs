//! The configuration file of a nats-server under test.

use std::{fmt, path::Path};

/// Declared beforehand: an account cannot be added to a running server without a resolver of JWTs. There is none for
/// clients without credentials: async-nats ignores those of a URL, and whoever forgot them is to notice.
pub(super) const ACCOUNTS: usize = 200;

/// When JetStream's files are synced to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncInterval {
    /// Every two minutes, as the server does by itself: survives kills, not power loss.
    Default,
    /// Before every acknowledgement.
    Always,
}

pub(super) struct Config<'a> {
    pub name: &'a str,
    pub client: u16,
    pub monitor: u16,
    pub store: &'a Path,
    pub sync_interval: SyncInterval,
    pub routes: Option<&'a Routes>,
    /// Who is let in, and how; None: the accounts of tests, by user and password.
    pub access: Option<&'a str>,
}

/// Where this node listens for the others, and where all nodes are.
pub(super) struct Routes {
    pub own: u16,
    pub all: Vec<u16>,
}

impl fmt::Display for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, client, monitor, store, sync_interval, routes, access } = self;
        // Unquoted, a value such as 2m is silently ignored.
        let sync_interval = match sync_interval {
            SyncInterval::Default => "\"2m\"",
            SyncInterval::Always => "\"always\"",
        };
        writeln!(f, "server_name: \"{name}\"\nlisten: \"127.0.0.1:{client}\"")?;
        writeln!(f, "http: \"127.0.0.1:{monitor}\"")?;
        // Streams reserve their full size against these, in every account: limits of the tests' sum, not of the disk.
        writeln!(
            f,
            "jetstream {{ store_dir: \"{}\", sync_interval: {sync_interval}",
            store.display()
        )?;
        writeln!(f, "  max_mem: 1TB, max_file: 8TB }}")?;
        if let Some(access) = access {
            writeln!(f, "{access}")?;
        } else {
            accounts(f)?;
        }
        routes.map_or(Ok(()), |routes| write!(f, "{routes}"))
    }
}

/// Those of tests.
fn accounts(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "accounts {{")?;
    for n in 0..ACCOUNTS {
        writeln!(f, "  A{n} {{ jetstream: enabled, users: [{{user: a{n}, password: a{n}}}] }}")?;
    }
    writeln!(f, "  SYS {{ users: [{{user: sys, password: sys}}] }}\n}}")?;
    writeln!(f, "system_account: SYS")
}

impl fmt::Display for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cluster {{ name: tests, listen: \"127.0.0.1:{}\", routes: [", self.own)?;
        for port in &self.all {
            writeln!(f, "  \"nats://127.0.0.1:{port}\"")?;
        }
        writeln!(f, "] }}")
    }
}
