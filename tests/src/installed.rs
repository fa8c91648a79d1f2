//! Where `scripts/servers` has put the servers; asked once per test process.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::LazyLock,
};

use anyhow::{Context, ensure};

static PRINTED: LazyLock<anyhow::Result<HashMap<String, String>>> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/servers");
    let printed = Command::new(script).stderr(Stdio::inherit()).output().context(script)?;
    ensure!(printed.status.success(), "{script} failed: {}", printed.status);
    let lines = String::from_utf8(printed.stdout)?;
    let values = lines.lines().filter_map(|line| line.split_once('='));
    Ok(values.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
});

fn value(name: &str) -> anyhow::Result<&'static str> {
    let printed = PRINTED.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
    printed
        .get(name)
        .map(String::as_str)
        .with_context(|| format!("scripts/servers names no {name}"))
}

pub fn path(name: &str) -> anyhow::Result<PathBuf> {
    value(name).map(PathBuf::from)
}

/// Whom Postgres must run as; `None`: whoever runs the tests.
pub fn postgres_user() -> anyhow::Result<Option<&'static str>> {
    Ok(Some(value("POSTGRES_USER")?).filter(|user| !user.is_empty()))
}
