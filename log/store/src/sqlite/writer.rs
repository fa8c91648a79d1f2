//! The one that writes to the store's file: all that waits goes into one transaction.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{folder::Folder, thread::Thread};
use crate::StoreError;

const WAITING: usize = 1_024;
const TOGETHER: usize = 256;

/// Does its part of the transaction, and says how to answer once it is committed.
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(&Result<(), StoreError>) + Send>;

pub struct Writer(Thread<Job>);

impl Writer {
    pub fn start(connection: Connection, folder: &Arc<Folder>) -> Self {
        // Dropped in this order: the folder is another's only when nobody writes to it any more.
        let mut held = (connection, Arc::clone(folder));
        let work = move |jobs: Vec<Job>| {
            let (connection, _) = &mut held;
            transact(connection, jobs);
        };
        Self(Thread::start("uplion-store", WAITING, TOGETHER, work))
    }

    /// Runs `work` and commits what it wrote; an error undoes it and nothing else.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = undone_if_failed(connection, work);
            Box::new(move |committed| {
                // Nobody listens any more if the caller was dropped.
                let _ = answer.send(committed.clone().map_err(E::from).and(result));
            })
        });
        let gone = || E::from(StoreError::Unavailable("its writer has ended".into()));
        self.0.jobs().send(job).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn transact(connection: &mut Connection, jobs: Vec<Job>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let committed = (|| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        answers.extend(jobs.into_iter().map(|job| job(&transaction)));
        transaction.commit()?;
        Ok(())
    })();
    for answer in answers {
        answer(&committed);
    }
}

fn undone_if_failed<T, E: From<StoreError>>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let run = |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("SAVEPOINT job").map_err(StoreError::from)?;
    let result = work(connection);
    if result.is_err() {
        run("ROLLBACK TO job").map_err(StoreError::from)?;
    }
    run("RELEASE job").map_err(StoreError::from)?;
    result
}
