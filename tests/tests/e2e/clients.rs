//! Clients that read slowly or vanish: they harm themselves, nobody else, and no memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::sleep,
};
use uplion_tests::{installation::Customer, wait};

use crate::{customer, streamed};

/// A client without a library's buffers in between.
pub async fn connect(customer: &Customer, gateway: &str, question: &Value) -> TcpStream {
    let body = question.to_string();
    let socket = TcpSocket::new_v4().unwrap();
    // A phone's, not a data centre's: what waits in the kernel is not what is tested.
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let address = gateway.strip_prefix("http://").unwrap().parse().unwrap();
    let mut socket = socket.connect(address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        customer.secret,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body.as_bytes()).await.unwrap();
    socket
}

/// A byte a second, for ever: the pace is what is tested.
pub async fn read_slowly(mut socket: TcpStream) {
    while socket.read_u8().await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
}

/// The slowest of so many short streams, one after the other.
pub async fn slowest(customer: &Customer, times: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for n in 0..times {
        let began = Instant::now();
        let question = customer.question("quick", &streamed(&json!({"chunks": 5})));
        let answer = customer.at(n).ask(&question).await.unwrap();
        assert!(answer.is_whole(), "{answer:?}");
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

#[tokio::test]
async fn a_client_that_reads_a_byte_a_second_harms_nobody() {
    let (installation, upstream, customer) = customer("slow").await;
    let endless = streamed(&json!({"chunks": 1_000_000, "chunk_bytes": 10_000}));
    let question = customer.question("slowly", &endless);
    let socket = connect(&customer, &installation.gateways[0].url(), &question).await;
    let reading = tokio::spawn(read_slowly(socket));
    wait::until(wait::PATIENCE, "the call", async || upstream.running() == 1).await.unwrap();
    let slowest = slowest(&customer, 50).await;
    eprintln!("beside a client that reads a byte a second, the slowest of 50 took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert_eq!(upstream.running(), 1, "its upstream waits for it");
    reading.abort();
    wait::until(wait::PATIENCE, "the call's end", async || upstream.running() == 0).await.unwrap();
}
