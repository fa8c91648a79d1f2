//! Authorities of certificates, made for one test, and what they issue, as PEM files.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::scratch;

pub struct Authority {
    certificate: Certificate,
    key: KeyPair,
    folder: PathBuf,
    file: PathBuf,
    issued: AtomicUsize,
}

/// A certificate and its key, in files.
#[derive(Debug, Clone)]
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    Now,
    /// Until some years ago.
    Expired,
}

impl Authority {
    /// # Errors
    /// When its file cannot be written.
    pub fn new(validity: Validity) -> anyhow::Result<Self> {
        let mut params = params("an authority of tests", &[], validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let folder = scratch::folder("certificates")?;
        // Postgres may run as somebody else.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let file = folder.join("authority.pem");
        fs::write(&file, certificate.pem())?;
        Ok(Self { certificate, key, folder, file, issued: AtomicUsize::new(0) })
    }

    /// Its own certificate.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// For a server of these names and addresses.
    ///
    /// # Errors
    /// When its files cannot be written.
    pub fn server(&self, names: &[&str], validity: Validity) -> anyhow::Result<Issued> {
        self.issue("a server", names, validity)
    }

    /// For a client, whose subject is this common name.
    ///
    /// # Errors
    /// When its files cannot be written.
    pub fn client(&self, name: &str, validity: Validity) -> anyhow::Result<Issued> {
        self.issue(name, &[], validity)
    }

    fn issue(&self, name: &str, names: &[&str], validity: Validity) -> anyhow::Result<Issued> {
        let mut params = params(name, names, validity)?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.certificate, &self.key)?;
        let n = self.issued.fetch_add(1, Ordering::Relaxed);
        let file = |what| self.folder.join(format!("{n}-{what}.pem"));
        let issued = Issued { certificate: file("certificate"), key: file("key") };
        fs::write(&issued.certificate, certificate.pem())?;
        fs::write(&issued.key, key.serialize_pem())?;
        fs::set_permissions(&issued.key, fs::Permissions::from_mode(0o600))?;
        Ok(issued)
    }
}

fn params(name: &str, names: &[&str], validity: Validity) -> anyhow::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = match validity {
        Validity::Now => date_time_ymd(2120, 1, 1),
        Validity::Expired => date_time_ymd(2021, 1, 1),
    };
    Ok(params)
}
