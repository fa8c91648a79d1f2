//! A few connections that only read, each used by one reader at a time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{connection, folder::Folder};
use crate::StoreError;

const MOST: usize = 4;

pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    _folder: Arc<Folder>,
}

impl Readers {
    pub fn new(path: PathBuf, folder: &Arc<Folder>) -> Self {
        Self {
            path,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(MOST)),
            _folder: Arc::clone(folder),
        }
    }

    /// Runs `work` in one snapshot, off the runtime's threads.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let readers = Arc::clone(self);
        let reading = spawn_blocking(move || {
            let result = readers.in_snapshot(work);
            drop(permit);
            result
        });
        match reading.await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    fn in_snapshot<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().expect("no holder of this lock panics").pop();
        let connection = idle.map_or_else(|| connection::open_reader(&self.path), Ok)?;
        let snapshot = connection.unchecked_transaction()?;
        let result = work(&snapshot);
        snapshot.finish()?;
        self.idle.lock().expect("no holder of this lock panics").push(connection);
        result
    }
}
