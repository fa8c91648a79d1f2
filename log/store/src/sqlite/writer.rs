//! The one that writes to the store's file: all that waits goes into one transaction.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{connection, folder::Folder, thread::Thread};
use crate::StoreError;

const WAITING: usize = 1_024;
const TOGETHER: usize = 256;

/// Does its part of the transaction, and says how to answer once it is committed.
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(&Result<(), StoreError>) + Send>;

/// What the thread is asked for.
enum Task {
    Write(Job),
    EmptyJournal(oneshot::Sender<Result<(), StoreError>>),
}

pub struct Writer(Thread<Task>);

impl Writer {
    pub fn start(connection: Connection, folder: &Arc<Folder>) -> Self {
        // Dropped in this order: the folder is another's only when nobody writes to it any more.
        let mut held = (connection, Arc::clone(folder));
        let work = move |tasks: Vec<Task>| {
            let (connection, _) = &mut held;
            work_off(connection, tasks);
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
        self.0.jobs().send(Task::Write(job)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Leaves nothing in the journal of what was written so far: what was deleted would stay in it until it is
    /// overwritten. If somebody reads all the time it is left to the next one, which is noted in the log.
    pub async fn empty_journal(&self) {
        let (answer, answered) = oneshot::channel();
        if self.0.jobs().send(Task::EmptyJournal(answer)).await.is_ok()
            && let Ok(Err(error)) = answered.await
        {
            tracing::warn!(%error, "store.journal");
        }
    }
}

fn work_off(connection: &mut Connection, tasks: Vec<Task>) {
    let (mut jobs, mut waiting) = (Vec::with_capacity(tasks.len()), Vec::new());
    for task in tasks {
        match task {
            Task::Write(job) => jobs.push(job),
            Task::EmptyJournal(answer) => waiting.push(answer),
        }
    }
    if !jobs.is_empty() {
        transact(connection, jobs);
    }
    if !waiting.is_empty() {
        let emptied = connection::empty_journal(connection);
        for answer in waiting {
            // Nobody listens any more if the caller was dropped.
            let _ = answer.send(emptied.clone());
        }
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
