//! The rows of projections on Postgres: a batch is a handful of statements, whatever its size.

mod arrays;
mod register;
mod table;

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::{IsolationLevel, error::SqlState};
use uplion_projections::{
    Statement,
    table::{Key, Row, Value},
};

use super::{
    locks,
    pool::{LONG, Pool, SETTINGS_FOR_LONG, Session, USUAL, within},
};
use crate::{
    StoreError,
    number::limit,
    rows::{AdvanceError, Checkpoint, Copy, Fold, Projected, Rows},
    table_copies::{self, Registered, TableCopy},
};

pub struct PostgresRows(Arc<Pool>);

/// What a batch moves, and from where to where.
struct Step {
    projected: Projected,
    copy: Copy,
    from: u64,
    to: u64,
}

impl PostgresRows {
    pub const fn new(pool: Arc<Pool>) -> Self {
        Self(pool)
    }
}

#[async_trait]
impl Rows for PostgresRows {
    async fn ensure(&self, projected: Projected) -> Result<Checkpoint, StoreError> {
        let mut session = self.0.session().await?;
        let checkpoint = within(USUAL, ensure(&mut session, projected)).await?;
        session.done();
        checkpoint
    }

    async fn checkpoint(&self, name: &str, copy: Copy) -> Result<Option<Checkpoint>, StoreError> {
        let session = self.0.session().await?;
        let registered = within(USUAL, register::load(&*session, name)).await?;
        session.done();
        Ok(registered?.and_then(|registered| registered.checkpoint(copy)))
    }

    async fn advance(
        &self,
        projected: Projected,
        copy: Copy,
        from: u64,
        to: u64,
        keys: &[Key],
        fold: Fold<'_>,
    ) -> Result<(), AdvanceError> {
        let mut session = self.0.session().await?;
        let step = Step { projected, copy, from, to };
        let advanced = within(USUAL, advance(&mut session, &step, keys, fold)).await?;
        session.done();
        advanced
    }

    async fn halt(&self, name: &str, reason: Option<&str>) -> Result<(), StoreError> {
        let session = self.0.session().await?;
        let halted = within(USUAL, register::halt(&*session, name, reason)).await?;
        session.done();
        halted
    }

    async fn start_rebuild(&self, projected: Projected) -> Result<(), StoreError> {
        let mut session = self.0.session().await?;
        let started = within(USUAL, start_rebuild(&mut session, projected)).await?;
        session.done();
        started
    }

    async fn swap(&self, projected: Projected) -> Result<bool, StoreError> {
        let mut session = self.0.session().await?;
        let swapped = within(USUAL, swap(&mut session, projected)).await?;
        session.done();
        swapped
    }

    async fn drop_rebuild(&self, name: &str) -> Result<(), StoreError> {
        let mut session = self.0.session().await?;
        let dropped = within(USUAL, drop_rebuild(&mut session, name)).await?;
        session.done();
        dropped
    }

    async fn differences(
        &self,
        projected: Projected,
        most: usize,
    ) -> Result<Option<Vec<Key>>, StoreError> {
        let mut session = self.0.session().await?;
        let differing = within(LONG, differences(&mut session, projected, most)).await?;
        session.done();
        differing
    }

    async fn query(
        &self,
        statement: &Statement,
        parameters: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        if !statement.takes(parameters) {
            return Err(StoreError::Refused(format!("{} takes other values", statement.name)));
        }
        let session = self.0.session().await?;
        let mut rows = within(USUAL, query(&session, statement, parameters)).await?;
        // Swapped between the look at where the live copy lies and the look into it.
        if matches!(rows, Err(Asked::Gone)) {
            rows = within(USUAL, query(&session, statement, parameters)).await?;
        }
        session.done();
        rows.map_err(|asked| match asked {
            Asked::Gone => StoreError::Unavailable("its tables are being exchanged".into()),
            Asked::Store(error) => error,
        })
    }
}

/// Tables come and go under one lock, because two at once might make the same.
async fn lock_tables(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&locks::TABLES]).await?;
    Ok(())
}

async fn ensure(session: &mut Session, projected: Projected) -> Result<Checkpoint, StoreError> {
    let transaction = session.transaction().await?;
    lock_tables(&transaction).await?;
    let registered = match register::load(&transaction, projected.name).await? {
        Some(registered) => registered,
        None => make_first(&transaction, projected).await?,
    };
    transaction.commit().await?;
    let Registered { live: TableCopy { version, pos, .. }, halted, .. } = registered;
    Ok(Checkpoint { version, pos, halted })
}

async fn make_first(
    transaction: &Transaction<'_>,
    projected: Projected,
) -> Result<Registered, StoreError> {
    let table = table_copies::first(projected);
    table::create(transaction, projected.table, &table).await?;
    table::show(transaction, projected.table, &table).await?;
    let live = TableCopy { table, version: projected.version, pos: 0 };
    let registered = Registered { live, halted: None, rebuild: None };
    register::save(transaction, projected, &registered).await?;
    Ok(registered)
}

async fn advance(
    session: &mut Session,
    step: &Step,
    keys: &[Key],
    fold: Fold<'_>,
) -> Result<(), AdvanceError> {
    let Step { projected, copy, from, to } = *step;
    let Projected { name, version, table } = projected;
    let transaction = session.transaction().await.map_err(StoreError::from)?;
    let registered = register::lock(&transaction, name).await?;
    let place = registered.and_then(|registered| registered.copy(copy).cloned());
    let Some(place) = place.filter(|place| place.version == version && place.pos == from) else {
        return Err(AdvanceError::Moved(name));
    };
    let loaded = table::load(&transaction, table, &place.table, keys).await?;
    let Some(folded) = fold(loaded.clone()) else {
        return Err(AdvanceError::CalledOff(name));
    };
    let changes = table_copies::changes(&loaded, &folded)?;
    table::write(&transaction, table, &place.table, &changes.written).await?;
    let deleted: Vec<&Key> = changes.deleted.iter().map(|place| &keys[*place]).collect();
    table::delete(&transaction, table, &place.table, &deleted).await?;
    register::advance(&transaction, name, copy, to).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}

async fn start_rebuild(session: &mut Session, projected: Projected) -> Result<(), StoreError> {
    let transaction = session.transaction().await?;
    lock_tables(&transaction).await?;
    let registered = registered(&transaction, projected).await?;
    if let Some(TableCopy { table, .. }) = &registered.rebuild {
        table::drop(&transaction, table).await?;
    }
    let table = registered.beside(projected);
    table::create(&transaction, projected.table, &table).await?;
    let rebuild = Some(TableCopy { table, version: projected.version, pos: 0 });
    let registered = Registered { rebuild, ..registered };
    register::save(&transaction, projected, &registered).await?;
    Ok(transaction.commit().await?)
}

async fn swap(session: &mut Session, projected: Projected) -> Result<bool, StoreError> {
    let transaction = session.transaction().await?;
    lock_tables(&transaction).await?;
    let registered = registered(&transaction, projected).await?;
    let Some(live) = registered.successor(projected).cloned() else { return Ok(false) };
    table::show(&transaction, projected.table, &live.table).await?;
    table::drop(&transaction, &registered.live.table).await?;
    let registered = Registered { live, halted: None, rebuild: None };
    register::save(&transaction, projected, &registered).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn drop_rebuild(session: &mut Session, name: &str) -> Result<(), StoreError> {
    let transaction = session.transaction().await?;
    lock_tables(&transaction).await?;
    let registered = register::lock(&transaction, name).await?;
    if let Some(TableCopy { table, .. }) = registered.and_then(|registered| registered.rebuild) {
        table::drop(&transaction, &table).await?;
        register::forget_rebuild(&transaction, name).await?;
    }
    Ok(transaction.commit().await?)
}

async fn differences(
    session: &mut Session,
    projected: Projected,
    most: usize,
) -> Result<Option<Vec<Key>>, StoreError> {
    let snapshot = session.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let transaction = snapshot.read_only(true).start().await?;
    transaction.batch_execute(SETTINGS_FOR_LONG).await?;
    let registered = register::load(&transaction, projected.name).await?;
    let registered = registered.ok_or_else(|| missing(projected))?;
    let Some((live, rebuild)) = registered.comparable(projected) else { return Ok(None) };
    let (live, rebuild) = (table::quoted(&live.table), table::quoted(&rebuild.table));
    let sql = table_copies::differences(projected.table, &live, &rebuild);
    let kinds: Vec<_> = projected.table.key_columns().map(|column| column.kind).collect();
    let rows = transaction.query(&sql, &[&limit(most)]).await?;
    rows.iter().map(|row| arrays::row(row, &kinds)).collect::<Result<_, _>>().map(Some)
}

/// Locked: no batch moves it until the transaction ends.
async fn registered(
    transaction: &Transaction<'_>,
    projected: Projected,
) -> Result<Registered, StoreError> {
    register::lock(transaction, projected.name).await?.ok_or_else(|| missing(projected))
}

fn missing(projected: Projected) -> StoreError {
    StoreError::Refused(format!("projection {} has no live copy yet", projected.name))
}

enum Asked {
    /// A table was there a moment ago.
    Gone,
    Store(StoreError),
}

async fn query(
    session: &Session,
    statement: &Statement,
    parameters: &[Value],
) -> Result<Vec<Row>, Asked> {
    let live = register::live_tables(&**session).await.map_err(Asked::Store)?;
    table::query(&**session, statement, parameters, &live).await
}

impl From<tokio_postgres::Error> for Asked {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.code() == Some(&SqlState::UNDEFINED_TABLE) {
            Self::Gone
        } else {
            Self::Store(error.into())
        }
    }
}
