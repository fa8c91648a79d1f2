//! Files of certificates and keys that are not what they should be. Nobody is asked: there is no server.

use std::path::PathBuf;

use uplion_log_transport::nats::NatsOptions;
use uplion_tests::{
    certificates::{Authority, Validity},
    scratch,
};

use super::{at, refuses};

const NOBODY: &str = "tls://127.0.0.1:1";

fn roots(file: impl Into<PathBuf>) -> NatsOptions {
    NatsOptions { root_certificates: Some(file.into()), ..at(NOBODY) }
}

#[tokio::test]
async fn authorities_that_are_not_there_no_certificates_or_expired_are_named() {
    let folder = scratch::folder("certificates").unwrap();
    let flag = "--nats-root-certificates";
    refuses(roots(folder.join("none.pem")), &[flag, "none.pem cannot be read", "name a file"])
        .await;
    refuses(roots(&folder), &[flag, "cannot be read"]).await;
    std::fs::write(folder.join("junk.pem"), "canary").unwrap();
    refuses(roots(folder.join("junk.pem")), &[flag, "junk.pem holds no certificate in PEM"]).await;
    let expired = Authority::new(Validity::Expired).unwrap();
    let said = [flag, "authority.pem expired on 2021-01-01", "put one there that is valid"];
    refuses(roots(expired.file()), &said).await;
    // A bundle keeps old ones.
    let valid = Authority::new(Validity::Now).unwrap();
    let bundle = [expired.file(), valid.file()].map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(folder.join("bundle.pem"), bundle.concat()).unwrap();
    refuses(roots(folder.join("bundle.pem")), &["refused"]).await;
}

#[tokio::test]
async fn a_client_certificate_and_its_key_belong_together() {
    let authority = Authority::new(Validity::Now).unwrap();
    let [one, other] = [(); 2].map(|()| authority.client("one", Validity::Now).unwrap());
    let options = |certificate: Option<&PathBuf>, key: Option<&PathBuf>| NatsOptions {
        client_certificate: certificate.cloned(),
        client_key: key.cloned(),
        ..at(NOBODY)
    };
    let (certificate, key) = ("--nats-client-certificate", "--nats-client-key");
    let half = options(Some(&one.certificate), None);
    refuses(half, &[certificate, "needs", key]).await;
    refuses(options(None, Some(&one.key)), &[key, "needs", certificate]).await;
    let crossed = options(Some(&one.certificate), Some(&other.key));
    refuses(crossed, &[key, "is not that of the certificate in"]).await;
    let swapped = options(Some(&one.certificate), Some(&one.certificate));
    refuses(swapped, &[key, "holds no private key in PEM form"]).await;
    let expired = authority.client("one", Validity::Expired).unwrap();
    let late = options(Some(&expired.certificate), Some(&expired.key));
    refuses(late, &[certificate, "expired on 2021-01-01"]).await;
}
