//! The upstreams of all cases: one server that sends the bytes that a case says, by the model that it is asked for.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::reply::{End, Framing, Reply, Step};

/// Nobody waits so long: an open connection ends with its client.
const OPEN: Duration = Duration::from_mins(10);

/// What one upstream of one model is to reply, and what it was asked.
#[derive(Debug)]
pub struct Script {
    replies: Vec<Reply>,
    /// Of the replies without `when`, how many were given.
    given: Mutex<usize>,
    asked: Mutex<Vec<String>>,
}

/// By the path of the upstream's base URL.
pub type Scripts = HashMap<String, Script>;

impl Script {
    pub fn new(replies: Vec<Reply>) -> Self {
        Self { replies, given: Mutex::default(), asked: Mutex::default() }
    }

    /// The bodies that it was sent.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn reply_to(&self, body: String) -> Option<Reply> {
        let holds = |when: &String| body.contains(when.as_str());
        let special = self.replies.iter().find(|reply| reply.when.as_ref().is_some_and(holds));
        let reply = special.cloned().or_else(|| {
            let plain: Vec<&Reply> =
                self.replies.iter().filter(|reply| reply.when.is_none()).collect();
            let mut given = self.given.lock().unwrap();
            let reply = plain.get((*given).min(plain.len().checked_sub(1)?))?;
            *given += 1;
            Some((*reply).clone())
        });
        self.asked.lock().unwrap().push(body);
        reply
    }
}

pub async fn start(scripts: Arc<Scripts>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let scripts = Arc::clone(&scripts);
            // A client that leaves in the middle is one of the things that happen.
            tokio::spawn(async move { drop(serve(socket, &scripts).await) });
        }
    });
    address
}

/// One call a connection.
async fn serve(socket: TcpStream, scripts: &Scripts) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    let (method, path, body) = request(&mut socket).await?;
    let mut socket = socket.into_inner();
    if method == "GET" {
        let list = r#"{"object":"list","data":[]}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            list.len()
        );
        socket.write_all(head.as_bytes()).await?;
        return Ok(socket.write_all(list.as_bytes()).await?);
    }
    let base = path.strip_suffix("/v1/chat/completions").context("another path")?;
    let script = scripts.get(base.trim_start_matches('/')).context("an unknown upstream")?;
    let reply = script.reply_to(body).context("no reply fits")?;
    send(socket, &reply).await
}

async fn request(socket: &mut BufReader<TcpStream>) -> anyhow::Result<(String, String, String)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        anyhow::ensure!(socket.read_line(&mut line).await? > 0, "no request");
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut words = head[0].split(' ').map(str::to_owned);
    let (method, path) = (words.next().context("a method")?, words.next().context("a path")?);
    let length = head.iter().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let mut body = vec![0; length.transpose()?.unwrap_or(0)];
    socket.read_exact(&mut body).await?;
    Ok((method, path, String::from_utf8(body)?))
}

async fn send(mut socket: TcpStream, reply: &Reply) -> anyhow::Result<()> {
    let mut steps = reply.steps();
    if !reply.head {
        steps.retain(|step| matches!(step, Step::Pause(_)));
    }
    if reply.head {
        let length = steps.iter().map(Step::len).sum();
        socket.write_all(head(reply, length).as_bytes()).await?;
    }
    for step in steps {
        match step {
            Step::Pause(pause) => sleep(pause).await,
            Step::Send(bytes) if bytes.is_empty() => {}
            Step::Send(bytes) if reply.framing == Framing::Chunked => {
                socket.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
                socket.write_all(&bytes).await?;
                socket.write_all(b"\r\n").await?;
            }
            Step::Send(bytes) => socket.write_all(&bytes).await?,
        }
    }
    end(socket, reply).await
}

fn head(reply: &Reply, length: usize) -> String {
    let mut lines = vec![format!("HTTP/1.1 {} Said", reply.status), "connection: close".to_owned()];
    lines.extend(reply.headers().iter().map(|(name, value)| format!("{name}: {value}")));
    match (reply.framing, reply.end) {
        (Framing::Chunked, _) => lines.push("transfer-encoding: chunked".to_owned()),
        (Framing::Length, End::Cut) => lines.push(format!("content-length: {}", length + 100)),
        (Framing::Length, End::Whole | End::Open | End::Reset) => {
            lines.push(format!("content-length: {length}"));
        }
        (Framing::Close, _) => {}
    }
    lines.join("\r\n") + "\r\n\r\n"
}

async fn end(mut socket: TcpStream, reply: &Reply) -> anyhow::Result<()> {
    match reply.end {
        End::Whole if reply.framing == Framing::Chunked => socket.write_all(b"0\r\n\r\n").await?,
        End::Whole | End::Cut => {}
        End::Open => {
            let mut nothing = [0];
            let _ = tokio::time::timeout(OPEN, socket.read(&mut nothing)).await;
        }
        End::Reset => socket.set_zero_linger()?,
    }
    Ok(socket.shutdown().await?)
}

impl Step {
    fn len(&self) -> usize {
        match self {
            Self::Send(bytes) => bytes.len(),
            Self::Pause(_) => 0,
        }
    }
}

/// Whatever a body asks for, it is JSON.
pub fn is_json(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok()
}
