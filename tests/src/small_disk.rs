//! Disks that can be filled: a tmpfs of a few megabytes under a server's folder.
//!
//! A file system is mounted in a namespace of its own, which ends with its processes: so a test runs once more, in a
//! child of its own. Where that is not permitted it is skipped, and says so.

use std::{
    collections::HashMap,
    env,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::{Context, ensure};

const INSIDE: &str = "UPLION_SMALL_DISK";
/// What is written at once while there is room for so much.
const BLOCK: usize = 64 << 10;

/// The disk below the next [scratch folder](crate::scratch::folder) of a name.
#[derive(Debug)]
pub struct SmallDisk {
    folder: Arc<OnceLock<PathBuf>>,
}

struct Wanted {
    bytes: u64,
    folder: Arc<OnceLock<PathBuf>>,
}

static WANTED: Mutex<Option<HashMap<String, Wanted>>> = Mutex::new(None);

/// Whether this process may mount. If not, the test has been run in a child that may, or nobody may.
///
/// # Panics
/// When the test failed there.
pub fn inside(test: &str) -> bool {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let flags = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let probe = ["sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"];
    let permitted = Command::new("unshare").arg(flags).args(probe).output();
    if !permitted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {test}: no file system may be mounted here (unshare {flags})");
        return false;
    }
    let this = env::current_exe().expect("a test has a path");
    let mut child = Command::new("unshare");
    child.arg(flags).arg(this).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let status = child.status().expect("unshare was there a moment ago");
    assert!(status.success(), "{test} failed on its small disk: {status}");
    false
}

impl SmallDisk {
    /// Below the next folder of that name.
    pub fn below(folder_name: &str, bytes: u64) -> Self {
        let folder = Arc::new(OnceLock::new());
        let wanted = Wanted { bytes, folder: Arc::clone(&folder) };
        let mut all = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
        all.get_or_insert_default().insert(folder_name.to_owned(), wanted);
        Self { folder }
    }

    /// Leaves not a byte of room.
    ///
    /// # Errors
    /// When it fails for another reason than that.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.filler()?)?;
        let mut block = BLOCK;
        while block > 0 {
            match filler.write(&vec![1; block]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => block /= 2,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// There is room again.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn free(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.filler()?)?)
    }

    fn filler(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder.get().context("its folder was not made yet")?.join("filler"))
    }
}

/// Mounts what is wanted below a folder of that name, if anything is.
pub(crate) fn put_below(name: &str, folder: &Path) -> anyhow::Result<()> {
    let mut all = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(wanted) = all.as_mut().and_then(|all| all.remove(name)) else { return Ok(()) };
    let size = format!("size={},mode=755", wanted.bytes);
    let mut mount = Command::new("mount");
    let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status()?;
    ensure!(mounted.success(), "mount a tmpfs at {}: {mounted}", folder.display());
    wanted.folder.set(folder.to_owned()).expect("it was wanted once");
    Ok(())
}
