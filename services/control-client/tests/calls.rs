//! What the client does beside sending: repeats, pages, and problems told apart from servers that are something else.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use poem::{
    Request, Response, Server,
    endpoint::make_sync,
    http::StatusCode,
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use serde_json::{Value, json};
use uplion_control_client::{
    Client, ClientOptions, Error, ListOptions, WriteOptions, http_builder, root_cause,
};

/// An HTTP server that answers as the test says, and counts how often it was asked.
struct Scripted {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Scripted {
    async fn new(answer: impl Fn(&Request, usize) -> Response + Send + Sync + 'static) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let endpoint =
            make_sync(move |request| answer(&request, counted.fetch_add(1, Ordering::SeqCst)));
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let address = acceptor.local_addr()[0].as_socket_addr().copied().unwrap();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        Self { url: format!("http://{address}"), asked }
    }

    fn client(&self, retries: u32) -> Client {
        let http = http_builder().no_proxy().tls_certs_only([]).build().unwrap();
        let options = ClientOptions { retries, ..ClientOptions::bearer("adm-1").unwrap() };
        Client::new(http, self.url.clone(), options)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn json(status: StatusCode, body: &Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

fn busy() -> Response {
    let problem = json!({ "code": "unavailable", "detail": "the database is away" });
    let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &problem);
    response.headers_mut().insert("Retry-After", "0".parse().unwrap());
    response
}

#[tokio::test]
async fn a_read_is_repeated_until_control_can_answer_it() {
    let server = Scripted::new(|_, n| match n {
        0 | 1 => busy(),
        _ => json(StatusCode::OK, &json!({ "id": "x" })),
    })
    .await;
    let answer: Value = server.client(2).get(&["keys", "x"], &[]).await.unwrap();
    assert_eq!((answer["id"].as_str(), server.asked()), (Some("x"), 3));
}

#[tokio::test]
async fn what_is_busy_too_long_is_told_as_control_told_it() {
    let server = Scripted::new(|_, _| busy()).await;
    let error = server.client(1).get::<Value>(&["keys"], &[]).await.unwrap_err();
    let Error::Problem(problem) = error else { panic!("{error}") };
    assert_eq!((problem.status, problem.code.as_str()), (503, "unavailable"));
    assert_eq!((problem.detail.as_str(), server.asked()), ("the database is away", 2));
}

#[tokio::test]
async fn a_write_is_repeated_only_under_an_idempotency_key() {
    let server = Scripted::new(|_, _| busy()).await;
    let client = server.client(1);
    let once = WriteOptions::once("dev:project");
    assert!(
        client.action::<Value>(&["keys", "x", "revoke"], &WriteOptions::default()).await.is_err()
    );
    assert_eq!(server.asked(), 1);
    assert!(client.action::<Value>(&["keys", "x", "revoke"], &once).await.is_err());
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page_with_the_newest_changes_in_it() {
    let server = Scripted::new(|request, _| {
        assert_eq!(request.header("Uplion-Position"), Some("newest"));
        let second = request.uri().query().unwrap_or_default().contains("after=2");
        let page = if second {
            json!({ "data": [3], "next": null })
        } else {
            json!({ "data": [1, 2], "next": "2" })
        };
        json(StatusCode::OK, &page)
    })
    .await;
    let list = server.client(0).list::<u8>(&["keys"], &[], &ListOptions::default()).await.unwrap();
    assert_eq!((list.items, list.behind), (vec![1, 2, 3], None));
}

#[tokio::test]
async fn a_list_that_is_behind_says_so_and_is_given_all_the_same() {
    let server = Scripted::new(|request, _| match request.header("Uplion-Position") {
        Some(_) => {
            json(StatusCode::GATEWAY_TIMEOUT, &json!({ "code": "behind", "detail": "by 3" }))
        }
        None => json(StatusCode::OK, &json!({ "data": [1], "next": null })),
    })
    .await;
    let list = server.client(0).list::<u8>(&["keys"], &[], &ListOptions::default()).await.unwrap();
    assert_eq!((list.items, list.behind.as_deref()), (vec![1], Some("by 3")));
}

#[tokio::test]
async fn a_server_that_is_something_else_is_told_from_a_refusal() {
    let server =
        Scripted::new(|_, _| Response::builder().status(StatusCode::NOT_FOUND).body("<html>"))
            .await;
    let error = server.client(0).get::<Value>(&["keys"], &[]).await.unwrap_err();
    assert!(matches!(error, Error::NotControl { status: 404, .. }), "{error}");
}

#[tokio::test]
async fn who_does_not_answer_is_named_with_the_reason_at_the_bottom() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let http = http_builder().no_proxy().tls_certs_only([]).build().unwrap();
    // Nothing listens on the port of a listener that is gone.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(http, format!("http://{free}"), ClientOptions::default());
    let error = client.get::<Value>(&["keys"], &[]).await.unwrap_err();
    assert!(error.to_string().contains(&free.to_string()), "{error}");
    assert!(root_cause(&error).contains("refused"), "{}", root_cause(&error));
}
