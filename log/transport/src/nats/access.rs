//! How this process gets in at NATS: where the servers are, who it says that it is, and by which certificates.
//!
//! Files are read again at each connection, so that one that was renewed counts from the next on.

mod credentials;
mod identity;
mod servers;

use std::path::{Path, PathBuf};

use async_nats::{Auth, AuthError, ConnectError, ConnectErrorKind, ConnectOptions, ServerAddr};

use self::identity::Identity;
use super::options::NatsOptions;
use crate::certificate::{self, PemFile, TlsFlags};

pub use self::servers::shown;

const ROOTS: &str = "--nats-root-certificates (UPLION_NATS_ROOT_CERTIFICATES)";
const CERTIFICATE: &str = "--nats-client-certificate (UPLION_NATS_CLIENT_CERTIFICATE)";
const KEY: &str = "--nats-client-key (UPLION_NATS_CLIENT_KEY)";
const TLS_FIRST: &str = "--nats-tls-first (UPLION_NATS_TLS_FIRST)";

#[derive(Debug)]
pub(super) struct Access {
    pub servers: Vec<ServerAddr>,
    identity: Identity,
    roots: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
    tls_required: bool,
    tls_first: bool,
}

impl Access {
    /// Reads no file: what is wrong here stays wrong until somebody says something else.
    pub fn new(options: &NatsOptions) -> Result<Self, String> {
        let servers::Servers { addresses, userinfo, tls } = servers::parse(&options.url)?;
        let client = match (&options.client_certificate, &options.client_key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            (Some(_), None) => return Err(format!("{CERTIFICATE} needs {KEY} beside it")),
            (None, Some(_)) => return Err(format!("{KEY} needs {CERTIFICATE} beside it")),
        };
        let roots = options.root_certificates.clone();
        // Who names certificates does not want to be answered by a server without any.
        let tls_required = tls || options.tls_first || roots.is_some() || client.is_some();
        Ok(Self {
            servers: addresses,
            identity: Identity::of(options, userinfo)?,
            roots,
            client,
            tls_required,
            tls_first: options.tls_first,
        })
    }

    /// Whether all files are there and valid.
    pub fn check(&self) -> Result<(), String> {
        self.identity.check()?;
        if let Some(path) = &self.roots {
            certificate::authorities(PemFile { flag: ROOTS, path })?;
        }
        if let Some((certificate, key)) = &self.client {
            let certificate = PemFile { flag: CERTIFICATE, path: certificate };
            certificate::client(certificate, PemFile { flag: KEY, path: key })?;
        }
        Ok(())
    }

    pub fn apply(&self, options: ConnectOptions) -> ConnectOptions {
        let mut options = options.require_tls(self.tls_required);
        if self.tls_first {
            options = options.tls_first();
        }
        if let Some(path) = &self.roots {
            options = options.add_root_certificates(path.clone());
        }
        if let Some((certificate, key)) = &self.client {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        options
    }

    /// Options that say at each connection anew who this is.
    pub fn options(&self) -> ConnectOptions {
        let identity = self.identity.clone();
        self.apply(ConnectOptions::with_auth_callback(move |nonce| {
            let identity = identity.clone();
            async move {
                let read = tokio::task::spawn_blocking(move || identity.auth(&nonce));
                let auth: Result<Auth, String> =
                    read.await.unwrap_or_else(|ended| Err(ended.to_string()));
                auth.map_err(AuthError::new)
            }
        }))
    }

    /// Why the first connection failed, in a sentence that names what to change.
    pub fn explain(&self, error: &ConnectError) -> String {
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation => self.refused(),
            ConnectErrorKind::Authentication => {
                self.check().err().unwrap_or_else(|| self.refused())
            }
            ConnectErrorKind::TimedOut => self.silent(),
            ConnectErrorKind::Dns => {
                let name = error.to_string();
                format!("{name}: is the name in --nats-url right?")
            }
            ConnectErrorKind::ServerParse
            | ConnectErrorKind::Tls
            | ConnectErrorKind::Io
            | ConnectErrorKind::MaxReconnects => {
                self.tls_flags().explain(error).unwrap_or_else(|| self.closed(&error.to_string()))
            }
        }
    }

    /// The same for a later one, of which async-nats tells the kind alone.
    pub fn explain_kind(&self, kind: &str) -> String {
        if let Err(trouble) = self.check() {
            return trouble;
        }
        let is = |one: ConnectErrorKind| kind.contains(&one.to_string());
        if is(ConnectErrorKind::AuthorizationViolation) || is(ConnectErrorKind::Authentication) {
            self.refused()
        } else {
            kind.to_owned()
        }
    }

    fn refused(&self) -> String {
        let mut told = self.identity.refused();
        if self.tls_required && self.client.is_none() {
            told.push_str(", or a client certificate if the server goes by those");
        }
        told
    }

    fn silent(&self) -> String {
        let first = if self.tls_first {
            String::new()
        } else {
            format!("; one that is set to `handshake_first` needs {TLS_FIRST}")
        };
        format!(
            "no word from the server within 2 s: is --nats-url right, and does the server live{first}?"
        )
    }

    /// Without a word of TLS: a server may also hang up on who does not begin with it.
    fn closed(&self, error: &str) -> String {
        if self.tls_required && !error.contains("refused") {
            format!(
                "{error}: the server hung up while TLS began: does it have TLS, and does it take the client certificate?"
            )
        } else {
            error.to_owned()
        }
    }

    fn tls_flags(&self) -> TlsFlags<'_> {
        let without = if self.tls_first {
            "leave out --nats-tls-first (UPLION_NATS_TLS_FIRST) if the server speaks first"
        } else {
            "take nats:// instead of tls:// and leave out the flags of certificates"
        };
        TlsFlags {
            authorities: ROOTS,
            authorities_file: self.roots.as_deref().map(Path::new),
            client: "--nats-client-certificate and --nats-client-key (UPLION_NATS_CLIENT_CERTIFICATE, UPLION_NATS_CLIENT_KEY)",
            address: "--nats-url",
            without,
        }
    }
}
