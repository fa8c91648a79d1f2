//! Connections to Postgres, a bounded number of them, each call within a time limit.

use std::{
    ops::{Deref, DerefMut},
    str::FromStr,
    time::Duration,
};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;

const MOST_CONNECTIONS: usize = 16;
/// To get a connection.
const CONNECT: Duration = Duration::from_secs(5);
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
    config: Config,
}

impl Pool {
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let unusable = |error: &dyn std::error::Error| {
            // The driver's own text does not repeat the URL, which may hold a password.
            let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            StoreError::Refused(format!("its URL cannot be used: {error}{source}"))
        };
        let mut config = Config::from_str(url).map_err(|error| unusable(&error))?;
        config.connect_timeout(CONNECT).keepalives_idle(Duration::from_secs(10));
        config.tcp_user_timeout(Duration::from_secs(10));
        if config.get_application_name().is_none() {
            config.application_name("uplion");
        }
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if encrypted(&config) {
            Manager::from_config(config.clone(), tls()?, settings)
        } else {
            Manager::from_config(config.clone(), NoTls, settings)
        };
        let timeouts =
            Timeouts { wait: Some(CONNECT), create: Some(CONNECT), recycle: Some(CONNECT) };
        let prepare = Hook::async_fn(|client, _| {
            Box::pin(
                async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) },
            )
        });
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(MOST_CONNECTIONS)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .post_create(prepare)
            .build()
            .map_err(|error| unusable(&error))?;
        Ok(Self { connections, config })
    }

    /// One for a call. Whoever is done says so; a call that was cut short closes it.
    pub async fn session(&self) -> Result<Session, StoreError> {
        match self.connections.get().await {
            Ok(client) => Ok(Session(Some(client))),
            Err(PoolError::Backend(error)) => Err(error.into()),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    /// One beside the pool. Ends when it is dropped.
    pub async fn connect(&self) -> Result<Client, StoreError> {
        if encrypted(&self.config) {
            let (client, connection) = self.config.connect(tls()?).await?;
            tokio::spawn(connection);
            Ok(client)
        } else {
            let (client, connection) = self.config.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        }
    }

    pub const fn config(&self) -> &Config {
        &self.config
    }
}

/// `prefer` is what the driver takes for granted where the URL says nothing.
pub fn encrypted(config: &Config) -> bool {
    config.get_ssl_mode() == SslMode::Require
}

/// Trusts what the system trusts, or what `SSL_CERT_FILE` holds.
pub fn tls() -> Result<MakeRustlsConnect, StoreError> {
    match MakeRustlsConnect::with_native_certs() {
        Ok((tls, _unreadable_ones)) => Ok(tls),
        Err(errors) => {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Err(StoreError::Refused(format!("no certificates to trust: {}", errors.join(", "))))
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
