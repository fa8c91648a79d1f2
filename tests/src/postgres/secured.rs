//! Files of a Postgres that takes nobody without TLS.

use std::{fs, io::Write as _, path::Path, process::Command};

use anyhow::ensure;

use crate::certificates::{Authority, Issued};

pub struct Secured<'a> {
    /// Whose clients it knows.
    pub authority: &'a Authority,
    pub own: &'a Issued,
    /// Whether it asks them for a certificate.
    pub wants_client: bool,
}

impl Secured<'_> {
    /// Into the folder of its data, whose owner they get.
    pub(super) fn write(&self, data: &Path) -> anyhow::Result<()> {
        for (from, name) in [
            (self.own.certificate.as_path(), "server.crt"),
            (self.own.key.as_path(), "server.key"),
            (self.authority.file(), "root.crt"),
        ] {
            let file = data.join(name);
            fs::copy(from, &file)?;
            let chown = Command::new("chown").arg("--reference").args([data, &file]).status()?;
            ensure!(chown.success(), "chown {}: {chown}", file.display());
        }
        let mut settings = fs::File::options().append(true).open(data.join("postgresql.conf"))?;
        writeln!(settings, "ssl = on\nssl_ca_file = 'root.crt'")?;
        let clients = if self.wants_client { "clientcert=verify-full" } else { "" };
        // The first is for whoever makes the databases.
        let rules = format!(
            "host postgres all 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 trust {clients}\n"
        );
        Ok(fs::write(data.join("pg_hba.conf"), rules)?)
    }
}
