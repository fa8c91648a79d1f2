//! How to reach NATS.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_nats::Client;

use super::{
    Role, SEND_BUFFER,
    access::Access,
    link::{Links, Member},
};
use crate::{log_key::LogKeys, message::SendError};

const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// A server that is silent for twice this long is given up.
const PING_EVERY: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What clients of NATS call theirs.
pub(super) const INBOX: &str = "_INBOX";

/// Who this is, is said in one way: by the URL, a user with a password, a token, an nkey or a `.creds` file.
#[derive(Clone, Default)]
pub struct NatsOptions {
    /// `nats://[user:password@]host:port` or `tls://…`; more, separated by commas, for the nodes of a cluster.
    pub url: String,
    pub user: Option<String>,
    pub password: Option<String>,
    pub token: Option<String>,
    /// A file with the seed of a user's nkey.
    pub nkey: Option<PathBuf>,
    /// A `.creds` file.
    pub credentials: Option<PathBuf>,
    /// PEM; those of the system otherwise. With it TLS is required.
    pub root_certificates: Option<PathBuf>,
    /// PEM, what the server is shown of this process, with its key. With it TLS is required.
    pub client_certificate: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    /// TLS before the server's first word.
    pub tls_first: bool,
    /// Shown in the server's list of connections.
    pub name: String,
    /// Whose inbox it hears answers in, which others cannot listen to. Without one: in that of clients in general.
    pub role: Option<Role>,
    /// Under which this process signs what it writes, and believes what it reads; without them it believes everything.
    pub log_keys: Option<LogKeys>,
}

/// Without the URL and the others, which may hold a secret.
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
        let access = Access::new(self).map_err(SendError)?;
        access.check().map_err(SendError)?;
        let access = Arc::new(access);
        let options = access
            .options()
            .name(&self.name)
            .custom_inbox_prefix(self.role.map_or_else(|| INBOX.to_owned(), Role::inbox))
            .connection_timeout(CONNECT_DEADLINE)
            .request_timeout(Some(REQUEST_DEADLINE))
            .ping_interval(PING_EVERY)
            .subscription_capacity(subscription_buffer)
            .client_capacity(SEND_BUFFER)
            // They are all spelled by one type.
            .skip_subject_validation(true)
            .reconnect_delay_callback(pause);
        let (member, options) = links.join(options, Arc::clone(&access));
        let connected = options.connect(access.servers.clone()).await;
        let client = connected.map_err(|error| SendError(access.explain(&error)))?;
        member.is_of(client.clone());
        Ok((client, member))
    }

    /// Whether what was said fits together. No file is read, and nobody is asked.
    pub fn check(&self) -> Result<(), String> {
        Access::new(self).map(drop)
    }
}

/// Before the nth attempt to reconnect.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    (Duration::from_millis(10) * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}
