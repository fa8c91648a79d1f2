//! Every way of getting in at Postgres by TLS, at a server that is configured so, and what is said when it does not.
//! Postgres 15: the other build has no TLS.

use std::path::Path;

use uplion_log_store::postgres;
use uplion_tests::{
    certificates::{Authority, Issued, Validity},
    postgres::{Secured, Server, Version},
};

const HERE: &[&str] = &["localhost", "127.0.0.1"];

async fn lets_in(url: &str) {
    let store = postgres::connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    assert_eq!(store.events.head().await.unwrap(), 0);
}

/// It does not, and all of this is said in one sentence.
async fn refuses(url: &str, said: &[&str]) {
    let error = match postgres::connect(url).await {
        Ok(_) => panic!("{url} was let in, which should say {said:?}"),
        Err(error) => error.to_string(),
    };
    for part in said {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    assert!(!error.contains("postgres@") && error.lines().count() == 1, "{error}");
}

fn roots(authority: &Authority) -> String {
    format!("sslrootcert={}", authority.file().display())
}

fn shown(Issued { certificate, key }: &Issued) -> String {
    format!("sslcert={}&sslkey={}", certificate.display(), key.display())
}

#[tokio::test]
async fn a_server_is_verified_as_far_as_sslmode_says() {
    let (authority, stranger) =
        (Authority::new(Validity::Now).unwrap(), Authority::new(Validity::Now).unwrap());
    let own = authority.server(HERE, Validity::Now).unwrap();
    let secured = Secured { authority: &authority, own: &own, wants_client: false };
    let server = Server::with_tls(Version::V15, &secured).await.unwrap();
    let url = server.database().await.unwrap();
    let (known, unknown) = (roots(&authority), roots(&stranger));
    for mode in ["prefer", "verify-ca", "verify-full", "require"] {
        lets_in(&format!("{url}?sslmode={mode}&{known}")).await;
    }
    lets_in(&format!("{url}?{known}")).await;
    lets_in(&format!("{url}?sslmode=prefer")).await;
    let file = stranger.file().display().to_string();
    for mode in ["verify-ca", "verify-full", "require"] {
        let said = ["leads to none of those in", &file, "sslrootcert in --database-url"];
        refuses(&format!("{url}?sslmode={mode}&{unknown}"), &said).await;
    }
    let system = ["the system trusts", "sslrootcert in --database-url"];
    refuses(&format!("{url}?sslmode=require"), &system).await;
    refuses(&url, &["no encryption"]).await;
    refuses(&format!("{url}?sslmode=disable"), &["no encryption"]).await;

    let elsewhere = authority.server(&["elsewhere.example"], Validity::Now).unwrap();
    let secured = Secured { authority: &authority, own: &elsewhere, wants_client: false };
    let server = Server::with_tls(Version::V15, &secured).await.unwrap();
    let url = format!("{}?{}", server.database().await.unwrap(), roots(&authority));
    lets_in(&format!("{url}&sslmode=verify-ca")).await;
    let said = ["for another name than the one in --database-url"];
    refuses(&format!("{url}&sslmode=verify-full"), &said).await;

    let expired = authority.server(HERE, Validity::Expired).unwrap();
    let secured = Secured { authority: &authority, own: &expired, wants_client: false };
    let server = Server::with_tls(Version::V15, &secured).await.unwrap();
    let url =
        format!("{}?sslmode=verify-ca&{}", server.database().await.unwrap(), roots(&authority));
    refuses(&url, &["the server's certificate has expired"]).await;
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_is_shown_one() {
    let authority = Authority::new(Validity::Now).unwrap();
    let own = authority.server(HERE, Validity::Now).unwrap();
    let secured = Secured { authority: &authority, own: &own, wants_client: true };
    let server = Server::with_tls(Version::V15, &secured).await.unwrap();
    let database = server.database().await.unwrap();
    let url = format!("{database}?sslmode=verify-full&{}", roots(&authority));
    let client = authority.client("postgres", Validity::Now).unwrap();
    lets_in(&format!("{url}&{}", shown(&client))).await;
    let wants = ["certificate", "sslcert and sslkey in --database-url"];
    refuses(&url, &wants).await;
    let foreign = Authority::new(Validity::Now).unwrap().client("postgres", Validity::Now).unwrap();
    refuses(&format!("{url}&{}", shown(&foreign)), &wants).await;
    let half = format!("{url}&sslcert={}", client.certificate.display());
    refuses(&half, &["sslcert", "needs sslkey"]).await;
}

#[tokio::test]
async fn files_that_are_not_there_or_expired_are_named() {
    let url = |file: &Path| format!("postgres://me@127.0.0.1:1/x?sslrootcert={}", file.display());
    let expired = Authority::new(Validity::Expired).unwrap();
    let flag = "sslrootcert in --database-url (UPLION_DATABASE_URL)";
    let said = [flag, "authority.pem expired on 2021-01-01", "put one there that is valid now"];
    refuses(&url(expired.file()), &said).await;
    let none = expired.file().with_file_name("none.pem");
    refuses(&url(&none), &[flag, "none.pem cannot be read", "name a file"]).await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_has_it() {
    let url = Server::shared(Version::V15).await.database().await.unwrap();
    lets_in(&format!("{url}?sslmode=prefer")).await;
    lets_in(&format!("{url}?sslmode=disable")).await;
    let said = ["TLS is demanded here and the server has none", "turn ssl on", "sslmode=disable"];
    refuses(&format!("{url}?sslmode=require"), &said).await;
}
