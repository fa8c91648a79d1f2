//! Revocation: how long is a key still served after it was revoked, at gateways that are asked without a pause?
//!
//! Each key is asked about at every gateway at once, one question after the other, while it is revoked. What counts is
//! when the first rejection came, against the moment at which control was told and that at which it answered.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// A gateway that serves a revoked key for longer is broken.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the key is revoked: that the questions are under way.
const UNDER_WAY: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, clap::Args)]
pub struct Revocation {
    #[arg(long)]
    pub control: SocketAddr,
    #[arg(long)]
    pub admin_key: String,
    /// Of which the keys are; by id or name.
    #[arg(long)]
    pub project: String,
    #[arg(long = "gateway", required = true)]
    pub gateways: Vec<SocketAddr>,
    #[arg(long, default_value_t = 500)]
    pub keys: u32,
}

/// Times in microseconds, over all keys; of each key at the gateway that was last to reject it.
#[derive(Debug, Serialize)]
pub struct Report {
    pub keys: usize,
    pub gateways: usize,
    /// From control's answer to the first rejection; negative if that came before the answer.
    pub after_answer: Quantiles,
    /// From the command's first byte to the first rejection.
    pub after_command: Quantiles,
    /// From the command's first byte to control's answer.
    pub answered: Quantiles,
    /// Between two questions to one gateway: the figures are no more exact than this.
    pub resolution: Quantiles,
}

#[derive(Debug, Serialize)]
pub struct Quantiles {
    pub p50: i64,
    pub p99: i64,
    pub max: i64,
}

/// One connection that is asked one thing after the other.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

/// What one gateway did with one key.
struct Seen {
    rejected: Instant,
    /// Between each question and the one before it.
    pauses: Vec<Duration>,
}

impl Revocation {
    pub async fn run(&self) -> Result<Report> {
        let mut control = Connection::open(self.control).await?;
        let (mut after_answer, mut after_command) = (Vec::new(), Vec::new());
        let (mut answered, mut resolution) = (Vec::new(), Vec::new());
        for number in 0..self.keys {
            let (key, secret) = self.issue(&mut control, number).await?;
            let mut asking = JoinSet::new();
            for gateway in &self.gateways {
                let mut connection = Connection::open(*gateway).await?;
                connection.until_served(&secret).await?;
                let secret = secret.clone();
                asking.spawn(async move { connection.until_rejected(&secret).await });
            }
            sleep(UNDER_WAY).await;
            let told = Instant::now();
            control.say(&self.admin_key, &format!("keys/{key}/revoke"), &json!({})).await?;
            let said = Instant::now();
            let mut last = told;
            while let Some(seen) = asking.join_next().await {
                let seen = seen??;
                last = last.max(seen.rejected);
                resolution.extend(seen.pauses.iter().map(|pause| micros(*pause)));
            }
            after_answer.push(
                micros(last.saturating_duration_since(said))
                    - micros(said.saturating_duration_since(last)),
            );
            after_command.push(micros(last - told));
            answered.push(micros(said - told));
        }
        Ok(Report {
            keys: after_answer.len(),
            gateways: self.gateways.len(),
            after_answer: Quantiles::of(after_answer),
            after_command: Quantiles::of(after_command),
            answered: Quantiles::of(answered),
            resolution: Quantiles::of(resolution),
        })
    }

    /// Its id and its secret.
    async fn issue(&self, control: &mut Connection, number: u32) -> Result<(String, String)> {
        let name = format!("to be revoked {number}");
        let body = json!({ "project": self.project, "name": name });
        let issued = control.say(&self.admin_key, "keys", &body).await?;
        let text = |field: &str| issued[field].as_str().map(ToOwned::to_owned);
        text("id").zip(text("secret")).with_context(|| format!("no key in {issued}"))
    }
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address })
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        key: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    async fn say(&mut self, admin_key: &str, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/control/v1/{path}");
        let body = Bytes::from(body.to_string());
        let (status, answer) = self.ask(Method::POST, &path, admin_key, body).await?;
        let text = String::from_utf8_lossy(&answer);
        ensure!(status.is_success(), "control answered {path} with {status}: {text}");
        ensure!(status != StatusCode::ACCEPTED, "control answered {path} before it was in force");
        serde_json::from_slice(&answer).context("control answered with no JSON")
    }

    async fn is_served(&mut self, secret: &str) -> Result<bool> {
        match self.ask(Method::GET, "/v1/models", secret, Bytes::new()).await? {
            (StatusCode::OK, _) => Ok(true),
            (StatusCode::UNAUTHORIZED, _) => Ok(false),
            (status, body) => bail!("{status}: {}", String::from_utf8_lossy(&body)),
        }
    }

    async fn until_served(&mut self, secret: &str) -> Result<()> {
        let served = async {
            while !self.is_served(secret).await? {}
            Ok(())
        };
        timeout(PATIENCE, served).await.context("a new key is not served")?
    }

    async fn until_rejected(&mut self, secret: &str) -> Result<Seen> {
        let mut pauses = Vec::new();
        let mut asked = Instant::now();
        let rejected = async {
            while self.is_served(secret).await? {
                let now = Instant::now();
                pauses.push(now - asked);
                asked = now;
            }
            anyhow::Ok(Instant::now())
        };
        let rejected = timeout(PATIENCE, rejected).await.context("a revoked key is served")?;
        Ok(Seen { rejected: rejected?, pauses })
    }
}

impl Quantiles {
    fn of(mut micros: Vec<i64>) -> Self {
        micros.sort_unstable();
        let at = |percent: usize| {
            let place = (micros.len() * percent).div_ceil(100).saturating_sub(1);
            micros.get(place).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_signed_times() {
        let quantiles = Quantiles::of((-100..100).collect());
        assert_eq!((quantiles.p50, quantiles.p99, quantiles.max), (-1, 97, 99));
    }
}
