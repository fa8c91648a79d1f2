//! How NATS is reached: who this process says that it is, and by which certificates. The same for all that connect.

use std::path::PathBuf;

use clap::{Args, builder::BoolishValueParser};
use uplion_log_transport::nats::NatsOptions;

use crate::secret::Secret;

/// Who this is, is said in one way: in the URL, by user and password, a token, an nkey or a `.creds` file.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
pub struct NatsAccess {
    /// The user at NATS, as it is; what stands in the URL is percent-encoded.
    #[arg(long, env = "UPLION_NATS_USER", value_name = "NAME", hide_env_values = true)]
    nats_user: Option<Secret>,
    /// The password of --nats-user. Others on the machine see flags: the variable or the configuration file hide it.
    #[arg(long, env = "UPLION_NATS_PASSWORD", value_name = "TEXT", hide_env_values = true)]
    nats_password: Option<Secret>,
    /// A token instead of a user. Others on the machine see flags: the variable or the configuration file hide it.
    #[arg(long, env = "UPLION_NATS_TOKEN", value_name = "TEXT", hide_env_values = true)]
    nats_token: Option<Secret>,
    /// A file with the seed of an nkey (a line that begins with SU) instead of a user.
    #[arg(long, env = "UPLION_NATS_NKEY", value_name = "FILE")]
    nats_nkey: Option<PathBuf>,
    /// A `.creds` file with a user's JWT and key. Read again at each connection, so it may be renewed.
    #[arg(long, env = "UPLION_NATS_CREDENTIALS", value_name = "FILE")]
    nats_credentials: Option<PathBuf>,
    /// Certificates (PEM) that the servers' own must lead to; by default the system's. With it TLS is required.
    #[arg(long, env = "UPLION_NATS_ROOT_CERTIFICATES", value_name = "FILE")]
    nats_root_certificates: Option<PathBuf>,
    /// A certificate (PEM) that the servers are shown. With it TLS is required.
    #[arg(long, env = "UPLION_NATS_CLIENT_CERTIFICATE", value_name = "FILE")]
    nats_client_certificate: Option<PathBuf>,
    /// The key (PEM) of --nats-client-certificate.
    #[arg(long, env = "UPLION_NATS_CLIENT_KEY", value_name = "FILE")]
    nats_client_key: Option<PathBuf>,
    /// Begins with TLS before the server says a word, as servers with `handshake_first` want it.
    #[arg(long, env = "UPLION_NATS_TLS_FIRST", value_parser = BoolishValueParser::new())]
    nats_tls_first: bool,
}

impl NatsAccess {
    /// `role` is shown in the server's list of connections, and says which inbox is this process's.
    pub fn options(&self, url: &Secret, role: &str) -> NatsOptions {
        let text = |secret: &Option<Secret>| secret.as_ref().map(|text| text.expose().to_owned());
        NatsOptions {
            url: url.expose().to_owned(),
            user: text(&self.nats_user),
            password: text(&self.nats_password),
            token: text(&self.nats_token),
            nkey: self.nats_nkey.clone(),
            credentials: self.nats_credentials.clone(),
            root_certificates: self.nats_root_certificates.clone(),
            client_certificate: self.nats_client_certificate.clone(),
            client_key: self.nats_client_key.clone(),
            tls_first: self.nats_tls_first,
            name: format!("uplion {role}"),
            role: role.parse().ok(),
            log_keys: None,
        }
    }
}
