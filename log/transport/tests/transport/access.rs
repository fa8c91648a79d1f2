//! Every way of getting in at NATS, at a server that is configured so, and what is said when it does not let one in.

mod files;
mod tls;

use std::{path::PathBuf, time::Duration};

use tokio::time::timeout;
use uplion_log_transport::{
    message::Link,
    nats::{Nats, NatsOptions},
};
use uplion_tests::{
    nats::{Operator, Server},
    port::Port,
    scratch, wait,
};

/// In every secret here, and in nothing that is said.
const CANARY: &str = "canary";

pub fn at(url: impl Into<String>) -> NatsOptions {
    NatsOptions { url: url.into(), name: "tests".into(), ..NatsOptions::default() }
}

/// It is let in, and the server does what it is asked.
pub async fn lets_in(options: NatsOptions) -> Nats {
    let nats = Nats::connect(options).await.unwrap_or_else(|error| panic!("{error}"));
    let storage = nats.log().streams.storage().await;
    storage.unwrap_or_else(|error| panic!("{error}"));
    nats
}

/// It is not, and is told all of this in one sentence.
pub async fn refuses(options: NatsOptions, said: &[&str]) {
    let error = match Nats::connect(options).await {
        Ok(_) => panic!("it was let in, which should say {said:?}"),
        Err(error) => error.to_string(),
    };
    for part in said {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    assert!(!error.contains(CANARY) && error.lines().count() == 1, "{error}");
}

#[tokio::test]
async fn a_user_and_a_password_may_have_any_characters() {
    let (user, password) = ("al/ice@é,", "canary p,@:/?#%20&=+'");
    let lines =
        format!("authorization {{ users: [{{ user: \"{user}\", password: \"{password}\" }}] }}");
    let server = Server::with_access(&lines).await.unwrap();
    let url = |encoded: &str| at(format!("nats://{encoded}@{}", server.address()));
    lets_in(url("al%2Fice%40%C3%A9%2C:canary%20p%2C%40%3A%2F%3F%23%2520%26%3D%2B%27")).await;
    let by_name = |user: &str, password: &str| {
        let (user, password) = (Some(user.into()), Some(password.into()));
        NatsOptions { user, password, ..at(format!("nats://{}", server.address())) }
    };
    lets_in(by_name(user, password)).await;
    refuses(by_name(user, "canary"), &["refuses the user and password", "--nats-password"]).await;
    refuses(url("al:canary"), &["refuses the user and password", "--nats-url"]).await;
    refuses(at(server.address()), &["asks who this is", "--nats-user", "--nats-credentials"]).await;
}

#[tokio::test]
async fn a_token_is_said_by_itself_or_in_the_url() {
    let server = Server::with_access("authorization { token: \"canary/tok:en\" }").await.unwrap();
    lets_in(at(format!("nats://canary%2Ftok%3Aen@{}", server.address()))).await;
    let token = |token: &str| NatsOptions { token: Some(token.into()), ..at(server.address()) };
    lets_in(token("canary/tok:en")).await;
    refuses(token("canary"), &["refuses the token", "--nats-token"]).await;
    let both =
        NatsOptions { user: Some("a".into()), password: Some("canary".into()), ..token("canary") };
    refuses(both, &["--nats-user", "--nats-token", "leave one of them out"]).await;
}

#[tokio::test]
async fn an_nkey_signs_with_the_seed_in_its_file() {
    let keys = [nkeys::KeyPair::new_user(), nkeys::KeyPair::new_user()];
    let lines = format!("authorization {{ users: [{{ nkey: {} }}] }}", keys[0].public_key());
    let server = Server::with_access(&lines).await.unwrap();
    let folder = scratch::folder("nkeys").unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    let nkey = |path: PathBuf| NatsOptions { nkey: Some(path), ..at(server.address()) };
    let seeds = keys.each_ref().map(|key| key.seed().unwrap());
    lets_in(nkey(file("own", &format!("# ours\n{}\n", seeds[0])))).await;
    refuses(nkey(file("other", &seeds[1])), &["does not know the key", "other", "--nats-nkey"])
        .await;
    refuses(nkey(file("junk", "canary")), &["--nats-nkey", "junk holds no seed"]).await;
    refuses(nkey(folder.join("none")), &["--nats-nkey", "none cannot be read"]).await;
}

#[tokio::test]
async fn several_servers_are_tried_in_turn() {
    let server = Server::with_access("authorization { user: a, password: canary }").await.unwrap();
    let nobody = Port::reserve().unwrap();
    let dead = format!("127.0.0.1:{}", nobody.number());
    for urls in [
        format!("nats://a:canary@{dead},nats://a:canary@{}", server.address()),
        format!("nats://a:canary@{}, {dead}", server.address()),
    ] {
        lets_in(at(urls)).await;
    }
    refuses(at(format!("nats://a:canary@{dead},{dead}")), &["refused"]).await;
    let two = format!("nats://a:canary@{dead},nats://b:canary@{}", server.address());
    refuses(at(two), &["--nats-url", "address 2 of 2", "another user"]).await;
}

#[tokio::test]
async fn a_creds_file_that_is_renewed_counts_from_the_next_connection_on() {
    let operator = Operator::default();
    let server = Server::with_access(&operator.lines().unwrap()).await.unwrap();
    let file = scratch::folder("creds").unwrap().join("uplion.creds");
    let options = || NatsOptions { credentials: Some(file.clone()), ..at(server.address()) };
    operator.write_credentials(&file, Some(Duration::from_secs(3))).unwrap();
    let nats = lets_in(options()).await;
    let mut link = nats.log().messages.link();
    let session = |link: Link| match link {
        Link::Up { session } => session,
        Link::Down => 0,
    };
    let first = session(*link.borrow());
    // The server sends it away when the old one expires, and asks again who it is.
    operator.write_credentials(&file, None).unwrap();
    let again = link.wait_for(|link| session(*link) > first);
    timeout(wait::PATIENCE, again).await.expect("it is let in again").unwrap();
    drop(nats);
    operator.write_credentials(&file, Some(Duration::from_secs(1))).unwrap();
    wait::until(wait::PATIENCE, "the file to be expired", async || {
        Nats::connect(options()).await.is_err_and(|error| error.to_string().contains("expired on"))
    })
    .await
    .unwrap();
    refuses(options(), &["--nats-credentials", "uplion.creds expired on", "write a new one"]).await;
    Operator::default().write_credentials(&file, None).unwrap();
    refuses(options(), &["the server refuses what is in", "uplion.creds"]).await;
    std::fs::write(&file, "canary").unwrap();
    refuses(options(), &["--nats-credentials", "uplion.creds holds no user's JWT"]).await;
    std::fs::remove_file(&file).unwrap();
    refuses(options(), &["--nats-credentials", "uplion.creds cannot be read"]).await;
}
