//! The accept loop: who is served, who waits, who is cut off, and how it ends.

#![expect(clippy::unwrap_used, reason = "a server that cannot be started fails its test")]

use std::{sync::Arc, time::Duration};

use poem::{Endpoint, Response, endpoint::make_sync, http::StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uplion_http::{ErrorShape, ServeOptions, serve};

const PATIENCE: Duration = Duration::from_secs(10);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";

struct Server {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

async fn server(endpoint: impl Endpoint + 'static, options: ServeOptions) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, endpoint, options, stop.clone()));
    Server { address, stop, serving }
}

/// Answers once it is let.
fn slow(let_go: &Arc<Notify>, asked: &Arc<Notify>) -> impl Endpoint + use<> {
    let (let_go, asked) = (Arc::clone(let_go), Arc::clone(asked));
    poem::endpoint::make(move |_| {
        let (let_go, asked) = (Arc::clone(&let_go), Arc::clone(&asked));
        async move {
            asked.notify_one();
            let_go.notified().await;
            Ok::<_, poem::Error>(Response::builder().body("late"))
        }
    })
}

async fn read_to_end(mut connection: TcpStream) -> String {
    let mut text = String::new();
    timeout(PATIENCE, connection.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_cut_off() {
    let options = ServeOptions { headers: Duration::from_millis(50), ..ServeOptions::default() };
    let server = server(make_sync(|_| "hello"), options).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    read_to_end(connection).await;
}

#[tokio::test]
async fn a_connection_over_the_bound_waits_for_another_to_end() {
    let options = ServeOptions { connections: 1, ..ServeOptions::default() };
    let server = server(make_sync(|_| "hello"), options).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    let mut byte = [0];
    timeout(PATIENCE, first.read_exact(&mut byte)).await.unwrap().unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    let early = timeout(Duration::from_millis(100), second.read_exact(&mut byte)).await;
    assert!(early.is_err(), "served beyond the bound");
    drop(first);
    timeout(PATIENCE, second.read_exact(&mut byte)).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_in_flight_is_answered_before_a_server_stops() {
    let (let_go, asked) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let server = server(slow(&let_go, &asked), ServeOptions::default()).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    server.stop.cancel();
    let_go.notify_one();
    assert!(read_to_end(connection).await.ends_with("late"));
    timeout(PATIENCE, server.serving).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn what_takes_longer_than_the_drain_is_cut_off() {
    let (let_go, asked) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let options = ServeOptions { drain: Duration::from_millis(50), ..ServeOptions::default() };
    let server = server(slow(&let_go, &asked), options).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    server.stop.cancel();
    timeout(PATIENCE, server.serving).await.unwrap().unwrap().unwrap();
    assert_eq!(read_to_end(connection).await, "");
}

#[tokio::test]
async fn a_client_that_ends_its_side_after_asking_is_answered() {
    let (let_go, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = server(slow(&let_go, &asked), ServeOptions::default()).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(REQUEST).await.unwrap();
    connection.shutdown().await.unwrap();
    asked.notified().await;
    let_go.notify_one();
    let answer = read_to_end(connection).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("late"), "{answer}");
}

/// Answers with the body's length, or says that it is broken.
fn measure() -> impl Endpoint {
    poem::endpoint::make(async |mut request| {
        let body = request.take_body().into_vec().await;
        Ok::<_, poem::Error>(match body {
            Ok(body) => Response::builder().body(body.len().to_string()),
            Err(_) => Response::builder().status(StatusCode::BAD_REQUEST).body("broken"),
        })
    })
}

#[tokio::test]
async fn a_body_that_ends_before_its_length_is_broken_at_once() {
    let server = server(measure(), ServeOptions::default()).await;
    for raw in [
        &b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab"[..],
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\nc",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
    ] {
        let answer = answer_before_the_end(server.address, &[raw]).await;
        let raw = String::from_utf8_lossy(raw);
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.ends_with("broken"),
            "{raw}: {answer}"
        );
        assert!(answer.to_lowercase().contains("connection: close"), "{raw}: {answer}");
    }
}

#[tokio::test]
async fn a_whole_body_of_a_client_that_ends_its_side_is_read() {
    let server = server(measure(), ServeOptions::default()).await;
    let long = "x".repeat(300 << 10);
    let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", long.len());
    for (parts, length) in [
        (&[&b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab"[..]][..], 2),
        (&[b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"], 2),
        (&[head.as_bytes(), long.as_bytes()], long.len()),
    ] {
        for _ in 0..20 {
            let answer = answer_before_the_end(server.address, parts).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.ends_with(&format!("\r\n\r\n{length}")), "{answer}");
        }
    }
}

/// Of a client that sends these, ends its side, and reads.
async fn answer_before_the_end(address: std::net::SocketAddr, parts: &[&[u8]]) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    for part in parts {
        connection.write_all(part).await.unwrap();
    }
    connection.shutdown().await.unwrap();
    // On a busy machine an interim response may come before the answer.
    read_to_end(connection).await.replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

#[tokio::test]
async fn a_client_that_ends_its_side_and_waits_long_is_answered_behind_interim_responses() {
    let (let_go, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = server(slow(&let_go, &asked), ServeOptions::default()).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(REQUEST).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut interim = [0; 25];
    timeout(PATIENCE, connection.read_exact(&mut interim)).await.unwrap().unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    let_go.notify_one();
    let answer = read_to_end(connection).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("late"), "{answer}");
}

#[tokio::test]
async fn a_client_that_is_gone_is_not_waited_for() {
    struct Dropped(Arc<Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let (asked, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, dropping) = (Arc::clone(&asked), Arc::clone(&dropped));
    let endpoint = poem::endpoint::make(move |_| {
        let (told, dropping) = (Arc::clone(&told), Dropped(Arc::clone(&dropping)));
        async move {
            let _dropping = dropping;
            told.notify_one();
            std::future::pending::<poem::Result<&'static str>>().await
        }
    });
    let server = server(endpoint, ServeOptions::default()).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    drop(connection);
    timeout(PATIENCE, dropped.notified()).await.unwrap();
}

async fn answer_to(address: std::net::SocketAddr, raw: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(raw).await.unwrap();
    read_to_end(connection).await
}

#[tokio::test]
async fn what_is_no_request_is_told_so_in_a_sentence_and_the_connection_ends() {
    for (errors, kind) in [
        (ErrorShape::OpenAi, "content-type: application/json"),
        (ErrorShape::Problem, "content-type: application/problem+json"),
    ] {
        let options = ServeOptions { errors, head: 16 << 10, ..ServeOptions::default() };
        let server = server(make_sync(|_| "hello"), options).await;
        let endless = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(32 << 10));
        for (raw, status, word) in [
            (&b"GARBAGE\r\n\r\n"[..], "400", "no request"),
            (b"GET / HTTP/3.7\r\nhost: a\r\n\r\n", "400", "no request"),
            (b"GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n", "400", "no request"),
            (b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03\r\n\r\n", "400", "no request"),
            (b"GET / HTTP/1.1\r\n\r\n", "400", "Host header is missing"),
            (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400", "twice"),
            (b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n", "400", "no host"),
            (
                b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
                "400",
                "no request",
            ),
            (
                b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "501",
                "Transfer-Encoding",
            ),
            (endless.as_bytes(), "431", "too large"),
        ] {
            let told = answer_to(server.address, raw).await;
            let raw = String::from_utf8_lossy(raw);
            assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{raw:.60}: {told}");
            assert!(told.contains(kind) && told.contains(word), "{raw:.60}: {told}");
            assert!(told.to_lowercase().contains("connection: close"), "{raw:.60}: {told}");
        }
        let told = answer_to(server.address, b"GET / HTTP/1.0\r\n\r\n").await;
        assert!(told.ends_with("hello"), "{told}");
        server.stop.cancel();
        server.serving.await.unwrap().unwrap();
    }
}
