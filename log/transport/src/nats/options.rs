//! How to reach NATS.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions, ServerAddr};

use super::{
    SEND_BUFFER,
    link::{Links, Member},
};
use crate::message::SendError;

const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// A server that is silent for twice this long is given up.
const PING_EVERY: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

#[derive(Clone, Default)]
pub struct NatsOptions {
    /// `nats://[user:password@]host:port` or `tls://…`; more, separated by commas, for the nodes of a cluster.
    pub url: String,
    /// A `.creds` file.
    pub credentials: Option<PathBuf>,
    /// PEM; those of the system otherwise.
    pub root_certificates: Option<PathBuf>,
    /// Shown in the server's list of connections.
    pub name: String,
}

/// Without the URL, which may hold a password.
impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NatsOptions {
    pub(super) async fn connect(
        &self,
        links: &Arc<Links>,
        subscription_buffer: usize,
    ) -> Result<(Client, Arc<Member>), SendError> {
        let failed = |error: &dyn std::fmt::Display| SendError(error.to_string());
        let servers = self.url.split(',').map(|url| url.trim().parse::<ServerAddr>());
        let servers = servers.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
        let mut options = ConnectOptions::new()
            .name(&self.name)
            .connection_timeout(CONNECT_DEADLINE)
            .request_timeout(Some(REQUEST_DEADLINE))
            .ping_interval(PING_EVERY)
            .subscription_capacity(subscription_buffer)
            .client_capacity(SEND_BUFFER)
            // They are all spelled by one type.
            .skip_subject_validation(true)
            .reconnect_delay_callback(pause);
        // Those of the URL are otherwise ignored.
        if let Some(server) = servers.first()
            && let (Some(user), Some(password)) = (server.username(), server.password())
        {
            options = options.user_and_password(user.to_owned(), password.to_owned());
        }
        if let Some(path) = &self.credentials {
            options = options.credentials_file(path).await.map_err(|error| failed(&error))?;
        }
        if let Some(path) = &self.root_certificates {
            options = options.add_root_certificates(path.clone());
        }
        let (member, options) = links.join(options);
        let client = options.connect(servers).await.map_err(|error| failed(&error))?;
        Ok((client, member))
    }
}

/// Before the nth attempt to reconnect.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    (Duration::from_millis(10) * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}
