//! Certificates and keys that somebody named in PEM files, and what is wrong with them, said so that it can be mended.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_cert::{Certificate, der::Decode};

/// A file, and the flag or parameter that names it.
#[derive(Debug, Clone, Copy)]
pub struct PemFile<'a> {
    pub flag: &'a str,
    pub path: &'a Path,
}

/// What a server is shown of this process.
#[derive(Debug)]
pub struct ClientCertificate {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// Those that a server's own certificate must lead to. Bundles keep old ones: one that is valid is enough.
pub fn authorities(file: PemFile<'_>) -> Result<RootCertStore, String> {
    let certificates = certificates(file)?;
    let mut reasons = Vec::new();
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        match unusable(&certificate, now()) {
            Some(reason) => reasons.push(reason),
            None => match roots.add(certificate) {
                Ok(()) => {}
                Err(error) => reasons.push(format!("cannot be used ({error})")),
            },
        }
    }
    match reasons.first() {
        Some(reason) if roots.is_empty() => Err(renew(file, reason)),
        _ => Ok(roots),
    }
}

/// A certificate with its chain, and the key that belongs to it.
pub fn client(certificate: PemFile<'_>, key: PemFile<'_>) -> Result<ClientCertificate, String> {
    let chain = certificates(certificate)?;
    if let Some(reason) = chain.first().and_then(|own| unusable(own, now())) {
        return Err(renew(certificate, &reason));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| {
        let PemFile { flag, path } = key;
        format!(
            "{flag}: {} holds no private key in PEM form without a passphrase: name the file with the certificate's key",
            path.display()
        )
    })?;
    // The same that a connection does with them, which says less when it fails.
    ClientConfig::builder()
        .with_root_certificates(RootCertStore::empty())
        .with_client_auth_cert(chain.clone(), private.clone_key())
        .map_err(|error| {
            let (flag, file) = (key.flag, key.path.display());
            let own = certificate.path.display();
            format!("{flag}: the key in {file} is not that of the certificate in {own} ({error}): name the two that belong together")
        })?;
    Ok(ClientCertificate { chain, key: private })
}

fn certificates(file: PemFile<'_>) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(format!(
            "{}: {} holds no certificate in PEM form: name a file that begins with -----BEGIN CERTIFICATE-----",
            file.flag,
            file.path.display()
        )),
    }
}

/// The bytes of a file that somebody named.
pub fn read(PemFile { flag, path }: PemFile<'_>) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| {
        format!("{flag}: {} cannot be read ({error}): name a file that is there and that this process may read", path.display())
    })
}

fn renew(PemFile { flag, path }: PemFile<'_>, reason: &str) -> String {
    format!(
        "{flag}: the certificate in {} {reason}: put one there that is valid now",
        path.display()
    )
}

/// Why a certificate is good for nothing at that time, as the end of a sentence.
fn unusable(certificate: &CertificateDer<'_>, now: Duration) -> Option<String> {
    let Ok(parsed) = Certificate::from_der(certificate) else {
        return Some("is no X.509 certificate".to_owned());
    };
    let validity = parsed.tbs_certificate.validity;
    let (from, to) =
        (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
    if now > to {
        Some(format!("expired on {}", day(to)))
    } else if now < from {
        Some(format!("is valid only from {} on (is this machine's clock right?)", day(from)))
    } else {
        None
    }
}

/// Since 1970, by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "certificates are valid for a time")]
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// As in 2026-11-27T00:00:00Z.
pub(crate) fn day(since_1970: Duration) -> String {
    i64::try_from(since_1970.as_secs())
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| "a day that no calendar has".to_owned(), |time| time.to_string())
}

/// What a failed handshake means to who configured it, with the flags that they know.
#[derive(Debug, Clone, Copy)]
pub struct TlsFlags<'a> {
    /// What names the authorities.
    pub authorities: &'a str,
    /// Where the authorities are, as far as somebody named a file.
    pub authorities_file: Option<&'a Path>,
    /// What names the client's certificate and key.
    pub client: &'a str,
    /// What names the server.
    pub address: &'a str,
    /// What asks for TLS, and how to do without.
    pub without: &'a str,
}

impl TlsFlags<'_> {
    /// The sentence for an error of rustls, which lies somewhere behind `error`.
    pub fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Option<String> {
        let mut next = Some(error);
        while let Some(error) = next {
            let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            let inner = inner.map(|inner| inner as &(dyn std::error::Error + 'static));
            let mut found = [Some(error), inner].into_iter().flatten();
            let found = found.find_map(|error| error.downcast_ref::<rustls::Error>());
            if let Some(found) = found {
                return Some(self.sentence(found));
            }
            next = inner.or_else(|| error.source());
        }
        None
    }

    fn sentence(&self, error: &rustls::Error) -> String {
        use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
        let Self { authorities, client, address, without, .. } = self;
        match error {
            // The latter: an authority was made anew under its old name.
            Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
                let known = self.authorities_file.map_or_else(
                    || "those that the system trusts".to_owned(),
                    |file| format!("those in {}", file.display()),
                );
                format!("the server's certificate leads to none of {known}: name its authority's certificate with {authorities}")
            }
            Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
                "the server's certificate has expired: renew it at the server (or is this machine's clock wrong?)".to_owned()
            }
            Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
                "the server's certificate is not valid yet: is this machine's clock right?".to_owned()
            }
            Error::InvalidCertificate(
                Bad::NotValidForName | Bad::NotValidForNameContext { .. },
            ) => format!("the server's certificate is for another name than the one in {address}: use a name there that the certificate has, or give the server a certificate with this one"),
            Error::InvalidCertificate(reason) => {
                format!("the server's certificate is refused ({reason}): give the server another, or name its authority's with {authorities}")
            }
            Error::InvalidMessage(_) => {
                format!("TLS is demanded here and the server does not begin with it: turn TLS on at the server, or {without}")
            }
            Error::AlertReceived(
                alert @ (Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::DecryptError
                | Alert::UnknownCA
                | Alert::AccessDenied),
            ) => format!("the server wants a certificate of this process, or refuses the one it was shown ({alert:?}): give {client} of an authority that the server trusts"),
            other => format!("TLS with the server failed: {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_named_with_its_flag() {
        let file = PemFile { flag: "--ca", path: Path::new("/nowhere/ca.pem") };
        let error = authorities(file).unwrap_err();
        assert!(error.starts_with("--ca: /nowhere/ca.pem cannot be read"), "{error}");
    }

    #[test]
    fn an_error_of_rustls_is_found_behind_others() {
        let flags = TlsFlags {
            authorities: "--ca",
            authorities_file: None,
            client: "--cert",
            address: "--url",
            without: "leave out --tls",
        };
        let inner = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error =
            std::io::Error::other(std::io::Error::new(std::io::ErrorKind::InvalidData, inner));
        let told = flags.explain(&error).unwrap();
        assert!(told.contains("--ca") && told.contains("the system trusts"), "{told}");
        assert_eq!(flags.explain(&std::io::Error::other("x")), None);
    }
}
