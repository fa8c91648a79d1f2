//! One connection that asks for one completion after the other.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::Instant};

use super::Load;

pub struct Client {
    address: SocketAddr,
    request: Request<()>,
    body: Bytes,
    streams: bool,
    leaves: bool,
    connection: Option<SendRequest<Full<Bytes>>>,
}

pub struct Answered {
    pub first: Instant,
    pub last: Instant,
}

const END_OF_STREAM: &[u8] = b"data: [DONE]";

impl Client {
    pub fn new(load: &Load) -> Self {
        let request = Request::post(&load.path)
            .header(header::HOST, load.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", load.api_key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(())
            .expect("a path and three plain headers make a request");
        let body = serde_json::json!({
            "model": load.model,
            "stream": load.stream,
            "messages": [{ "role": "user", "content": "x".repeat(load.prompt_bytes) }],
        });
        let body = Bytes::from(body.to_string());
        let (streams, leaves) = (load.stream, load.leave);
        Self { address: load.address, request, body, streams, leaves, connection: None }
    }

    /// Sends the request and reads its whole answer, or its beginning and closes the connection.
    pub async fn complete(&mut self) -> Result<Answered> {
        let connection = self.connected().await?;
        let answered = self.exchange(connection).await;
        if answered.is_err() {
            self.connection = None;
        }
        answered
    }

    async fn connected(&mut self) -> Result<SendRequest<Full<Bytes>>> {
        if let Some(mut connection) = self.connection.take()
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        let socket = TcpStream::connect(self.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn exchange(&mut self, mut connection: SendRequest<Full<Bytes>>) -> Result<Answered> {
        let request = self.request.clone().map(|()| Full::new(self.body.clone()));
        let mut answer = connection.send_request(request).await?;
        let status = answer.status();
        let (mut first, mut ended, mut body) = (None, false, Vec::new());
        while let Some(frame) = answer.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            let first = *first.get_or_insert_with(Instant::now);
            if self.leaves && status == StatusCode::OK {
                return Ok(Answered { first, last: first });
            }
            ended |=
                self.streams && data.windows(END_OF_STREAM.len()).any(|part| part == END_OF_STREAM);
            if status != StatusCode::OK && body.len() < 500 {
                body.extend_from_slice(&data);
            }
        }
        if status != StatusCode::OK {
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        ensure!(ended || !self.streams, "a stream ended without [DONE]");
        let last = Instant::now();
        self.connection = Some(connection);
        Ok(Answered { first: first.unwrap_or(last), last })
    }
}
