//! The data folder, which belongs to one process at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use uplion_log_transport::stream::Disk;

use super::OpenError;
use crate::StoreError;

/// Holds the lock. The system lets go of it when the process ends, however it ends.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    pub fn lock(path: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder { folder: path.to_owned(), source };
        make(path).map_err(unusable)?;
        let lock = File::create(path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// The disk that it lies on; none if the system does not say.
    pub fn disk(&self) -> Option<Disk> {
        let told = rustix::fs::statvfs(&self.path).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
        Some(Disk { free: bytes(told.f_bavail), total: bytes(told.f_blocks) })
    }

    /// Where a file of that name is, made if it is not there: for its owner alone, and so is what `SQLite` lays beside
    /// it, also in a folder that others made and may look into.
    pub fn file(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(_) => Ok(path),
            Err(error) => Err(StoreError::Unavailable(format!("{}: {error}", path.display()))),
        }
    }
}

/// For its owner alone.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
