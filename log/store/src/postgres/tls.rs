//! TLS to Postgres, as `sslmode` and its companions say. Files are read again at each connection, so that one that was
//! renewed counts from the next on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio_postgres::{Socket, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;
use uplion_log_transport::certificate::{self, PemFile, TlsFlags};

const ROOTS: &str = "sslrootcert in --database-url (UPLION_DATABASE_URL)";
const CERTIFICATE: &str = "sslcert in --database-url (UPLION_DATABASE_URL)";
const KEY: &str = "sslkey in --database-url (UPLION_DATABASE_URL)";

/// What of the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Nothing, and the server need not have one.
    Nothing,
    Authority,
    AuthorityAndName,
}

#[derive(Debug, Clone)]
pub struct Security {
    /// None: no TLS at all.
    pub verification: Option<Verification>,
    /// The authorities; those of the system otherwise.
    pub roots: Option<PathBuf>,
    /// A certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Security {
    /// Whether all files are there and valid.
    pub fn check(&self) -> Result<(), String> {
        self.client_config().map(drop)
    }

    fn client_config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| error.to_string())?;
        let custom = |verifier: Arc<dyn ServerCertVerifier>| {
            builder.clone().dangerous().with_custom_certificate_verifier(verifier)
        };
        let builder = match self.verification {
            None => builder.with_root_certificates(RootCertStore::empty()),
            Some(Verification::Nothing) => custom(Arc::new(Anybody(provider))),
            Some(Verification::AuthorityAndName) => builder.with_root_certificates(self.roots()?),
            Some(Verification::Authority) => {
                let roots = Arc::new(self.roots()?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider);
                custom(Arc::new(AnyName(verifier.build().map_err(|error| error.to_string())?)))
            }
        };
        let Some((certificate, key)) = &self.client else {
            return Ok(builder.with_no_client_auth());
        };
        let certificate = PemFile { flag: CERTIFICATE, path: certificate };
        let client = certificate::client(certificate, PemFile { flag: KEY, path: key })?;
        let config = builder.with_client_auth_cert(client.chain, client.key);
        config.map_err(|error| error.to_string())
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        if let Some(path) = &self.roots {
            return certificate::authorities(PemFile { flag: ROOTS, path });
        }
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(format!(
                "the system has no certificates to trust: name the database's authority with {ROOTS}"
            ));
        }
        Ok(roots)
    }

    /// Why a connection failed, in a sentence that names what to change; none if TLS had no part in it.
    pub fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Option<String> {
        self.verification?;
        if let Err(trouble) = self.check() {
            return Some(trouble);
        }
        let flags = TlsFlags {
            authorities: ROOTS,
            authorities_file: self.roots.as_deref().map(Path::new),
            client: "sslcert and sslkey in --database-url (UPLION_DATABASE_URL)",
            address: "--database-url",
            without: "take sslmode=disable in --database-url (UPLION_DATABASE_URL)",
        };
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        if text.contains("does not support TLS") {
            return Some(format!(
                "TLS is demanded here and the server has none: turn ssl on at the server, or {}",
                flags.without
            ));
        }
        flags.explain(error)
    }
}

/// Of connections: each is made by what the files hold then.
#[derive(Debug, Clone)]
pub struct Tls(pub Security);

type Inner = MakeRustlsConnect;

impl MakeTlsConnect<Socket> for Tls {
    type Stream = <Inner as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = <Inner as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = String;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, String> {
        let mut inner = Inner::new(self.0.client_config()?);
        MakeTlsConnect::<Socket>::make_tls_connect(&mut inner, host)
            .map_err(|error| error.to_string())
    }
}

/// Encrypts towards whoever answers, as `prefer` does everywhere: against those who listen, not those who stand between.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The certificate leads to an authority, and may be for another name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        // The name is what is looked at last.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
