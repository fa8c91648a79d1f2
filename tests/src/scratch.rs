//! Folders for servers' files, removed when the test process is gone, however it went.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::Context;

use crate::small_disk;

/// A new folder of this process. Anybody may enter it: Postgres runs as another user when the tests run as root.
///
/// # Errors
/// When the file system refuses.
pub fn folder(name: &str) -> anyhow::Result<PathBuf> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let root = ROOT.as_ref().map_err(|error| anyhow::anyhow!("no scratch folder: {error:#}"))?;
    let folder = root.join(format!("{name}-{}", TAKEN.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
    small_disk::put_below(name, &folder)?;
    Ok(folder)
}

static ROOT: LazyLock<anyhow::Result<PathBuf>> = LazyLock::new(|| {
    let root = tempfile::Builder::new()
        .prefix("uplion-tests-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(env::temp_dir())?
        .keep();
    // Its stdin is a pipe from this process and ends with it. A server may write for a moment longer, so it tries
    // again.
    let undertaker = Command::new("sh")
        .args(["-c", r#"read -r _; for i in 1 2 3 4 5; do rm -rf "$0" && exit; sleep 1; done"#])
        .arg(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("start sh")?;
    std::mem::forget(undertaker.stdin);
    Ok(root)
});
