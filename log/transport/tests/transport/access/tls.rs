//! TLS: the server's certificate, the client's, and who begins.

use uplion_log_transport::nats::NatsOptions;
use uplion_tests::{
    certificates::{Authority, Issued, Validity},
    nats::Server,
};

use super::{at, lets_in, refuses};

const HERE: &[&str] = &["localhost", "127.0.0.1"];

fn lines(authority: &Authority, server: &Issued, more: &str) -> String {
    format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", timeout: 5 {more} }}",
        server.certificate.display(),
        server.key.display(),
        authority.file().display()
    )
}

fn trusting(authority: &Authority, url: String) -> NatsOptions {
    NatsOptions { root_certificates: Some(authority.file().into()), ..at(url) }
}

fn showing(client: &Issued, options: NatsOptions) -> NatsOptions {
    let Issued { certificate, key } = client.clone();
    NatsOptions { client_certificate: Some(certificate), client_key: Some(key), ..options }
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_and_its_name() {
    let authority = Authority::new(Validity::Now).unwrap();
    let issued = authority.server(HERE, Validity::Now).unwrap();
    let server = Server::with_access(&lines(&authority, &issued, "")).await.unwrap();
    lets_in(trusting(&authority, format!("tls://{}", server.address()))).await;
    // The server says that it wants TLS.
    lets_in(trusting(&authority, format!("nats://{}", server.address()))).await;
    let stranger = Authority::new(Validity::Now).unwrap();
    let wrong = trusting(&stranger, format!("tls://{}", server.address()));
    let file = stranger.file().display().to_string();
    refuses(wrong, &["leads to none of those in", &file, "--nats-root-certificates"]).await;
    let system = at(format!("tls://{}", server.address()));
    refuses(system, &["the system trusts", "--nats-root-certificates"]).await;

    let elsewhere = authority.server(&["elsewhere.example"], Validity::Now).unwrap();
    let server = Server::with_access(&lines(&authority, &elsewhere, "")).await.unwrap();
    let options = trusting(&authority, format!("tls://{}", server.address()));
    refuses(options, &["for another name than the one in --nats-url"]).await;

    let expired = authority.server(HERE, Validity::Expired).unwrap();
    let server = Server::with_access(&lines(&authority, &expired, "")).await.unwrap();
    let options = trusting(&authority, format!("tls://{}", server.address()));
    refuses(options, &["the server's certificate has expired", "renew it at the server"]).await;
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_is_shown_one() {
    let authority = Authority::new(Validity::Now).unwrap();
    let issued = authority.server(HERE, Validity::Now).unwrap();
    let lines = lines(&authority, &issued, ", verify_and_map: true");
    let lines = format!("{lines}\nauthorization {{ users: [{{ user: \"CN=gateway\" }}] }}");
    let server = Server::with_access(&lines).await.unwrap();
    let options = || trusting(&authority, format!("tls://{}", server.address()));
    let gateway = authority.client("gateway", Validity::Now).unwrap();
    lets_in(showing(&gateway, options())).await;
    let stranger = authority.client("stranger", Validity::Now).unwrap();
    refuses(showing(&stranger, options()), &["the server asks who this is"]).await;
    let wants = ["wants a certificate", "--nats-client-certificate and --nats-client-key"];
    refuses(options(), &wants).await;
    let foreign = Authority::new(Validity::Now).unwrap().client("gateway", Validity::Now).unwrap();
    refuses(showing(&foreign, options()), &wants).await;
}

#[tokio::test]
async fn who_begins_with_tls_is_said_on_both_sides() {
    let authority = Authority::new(Validity::Now).unwrap();
    let issued = authority.server(HERE, Validity::Now).unwrap();
    let first = |options| NatsOptions { tls_first: true, ..options };
    let begins = lines(&authority, &issued, ", handshake_first: true");
    let server = Server::with_access(&begins).await.unwrap();
    let options = trusting(&authority, format!("nats://{}", server.address()));
    lets_in(first(options.clone())).await;
    refuses(options, &["no word from the server", "handshake_first", "--nats-tls-first"]).await;

    let server = Server::with_access(&lines(&authority, &issued, "")).await.unwrap();
    let options = trusting(&authority, format!("nats://{}", server.address()));
    lets_in(options.clone()).await;
    refuses(first(options), &["leave out --nats-tls-first"]).await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_has_it() {
    let server = Server::with_access("").await.unwrap();
    lets_in(at(server.address())).await;
    let authority = Authority::new(Validity::Now).unwrap();
    let said = ["TLS is demanded here", "turn TLS on at the server", "nats://"];
    refuses(at(format!("tls://{}", server.address())), &said).await;
    refuses(trusting(&authority, format!("nats://{}", server.address())), &said).await;
}
