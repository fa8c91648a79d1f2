//! Connections to Postgres, a bounded number of them, each call within a time limit.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio::time::timeout;
use tokio_postgres::{Client, Connection, Socket, tls::MakeTlsConnect};

use super::{
    address::{Address, CONNECT},
    failover,
    tls::Tls,
};
use crate::StoreError;

const SHOW: &str = "show one with sslcert and sslkey in --database-url (UPLION_DATABASE_URL)";
const MOST_CONNECTIONS: usize = 16;
/// For what a service does all the time.
pub const USUAL: Duration = Duration::from_secs(15);
/// For what looks at whole tables.
pub const LONG: Duration = Duration::from_mins(15);

/// A server that a process forgot, or the other way round, holds no lock for longer.
const SETTINGS: &str = "SET statement_timeout = '15s'; SET lock_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '10s'";
/// In a transaction that looks at whole tables.
pub const SETTINGS_FOR_LONG: &str = "SET LOCAL statement_timeout = '15min'; \
    SET LOCAL idle_in_transaction_session_timeout = '15min'";

pub struct Pool {
    connections: deadpool_postgres::Pool,
    address: Address,
}

/// What drives a connection.
pub type Driver = Connection<Socket, <Tls as MakeTlsConnect<Socket>>::Stream>;

impl Pool {
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(StoreError::Refused)?;
        // It may be mended while somebody tries again.
        address.security.check().map_err(StoreError::Unavailable)?;
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let tls = Tls(address.security.clone());
        let manager = Manager::from_config(address.config.clone(), tls, settings);
        let timeouts =
            Timeouts { wait: Some(CONNECT), create: Some(CONNECT), recycle: Some(CONNECT) };
        let prepare = Hook::async_fn(|client, _| {
            Box::pin(
                async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) },
            )
        });
        let current = Hook::sync_fn(|_, metrics| {
            if failover::is_outdated(metrics.created) {
                return Err(HookError::message("its server took no writes any more"));
            }
            Ok(())
        });
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(MOST_CONNECTIONS)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .post_create(prepare)
            .pre_recycle(current)
            .build()
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(Self { connections, address })
    }

    /// One for a call. Whoever is done says so; a call that was cut short closes it.
    pub async fn session(&self) -> Result<Session, StoreError> {
        match self.connections.get().await {
            Ok(client) => Ok(Session(Some(client))),
            Err(PoolError::Backend(error)) => Err(self.refused(error)),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    /// One beside the pool. Ends when it is dropped.
    pub async fn connect(&self) -> Result<Client, StoreError> {
        let (client, driver) = self.connected().await?;
        tokio::spawn(driver);
        Ok(client)
    }

    /// The same for who drives it.
    pub async fn connected(&self) -> Result<(Client, Driver), StoreError> {
        let tls = Tls(self.address.security.clone());
        self.address.config.connect(tls).await.map_err(|error| self.refused(error))
    }

    fn refused(&self, error: tokio_postgres::Error) -> StoreError {
        if let Some(refusal) = error.as_db_error() {
            let asks = refusal.message().contains("client certificate");
            let why: StoreError = error.into();
            return if asks { StoreError::Refused(format!("{why}: {SHOW}")) } else { why };
        }
        match self.address.security.explain(&error) {
            Some(trouble) => StoreError::Unavailable(trouble),
            None => error.into(),
        }
    }
}

/// A connection during one call.
pub struct Session(Option<Object>);

impl Session {
    /// The call came to its end, so the connection is good for another.
    pub fn done(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

impl Deref for Session {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.0.as_ref().expect("taken only at the end")
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Object {
        self.0.as_mut().expect("taken only at the end")
    }
}

/// The call's own result, unless it took too long.
pub async fn within<T>(limit: Duration, call: impl Future<Output = T>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unavailable(format!("no answer within {} s", limit.as_secs()));
    timeout(limit, call).await.map_err(late)
}
