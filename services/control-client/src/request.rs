//! One call on the wire: sent, sent again if that is harmless, and its answer told apart from problems.

use std::time::Duration;

use reqwest::{
    Method, Request, RequestBuilder, Response, StatusCode,
    header::{ETAG, HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::{Client, Error, Problem};

/// Where the answer does not say when to try again, doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// A server that wants more patience than this has its refusal passed on.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

pub struct Reply {
    pub body: Vec<u8>,
    pub version: Option<u64>,
}

/// What became of one attempt.
enum Attempt {
    Done(Reply),
    Failed(Error),
    /// Control could not carry it out just now.
    Busy(Error, Option<Duration>),
}

impl Client {
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply, Error> {
        let mut request = request.build().map_err(|source| self.unreachable(source))?;
        let mut retries = if is_repeatable(&request) { self.options.retries } else { 0 };
        let mut wait = FIRST_WAIT;
        loop {
            let again = request.try_clone();
            let (error, asked_for) = match self.attempt(request).await {
                Attempt::Done(reply) => return Ok(reply),
                Attempt::Failed(error) => return Err(error),
                Attempt::Busy(error, asked_for) => (error, asked_for),
            };
            let pause = asked_for.unwrap_or(wait);
            match again {
                Some(same) if retries > 0 && pause <= LONGEST_WAIT => request = same,
                Some(_) | None => return Err(error),
            }
            retries -= 1;
            wait *= 2;
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, request: Request) -> Attempt {
        let response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(source) => return Attempt::Busy(self.unreachable(source), None),
        };
        let (status, asked_for) = (response.status(), retry_after(response.headers()));
        match self.read(response).await {
            Ok(reply) => Attempt::Done(reply),
            Err(error) if is_temporary(status) => Attempt::Busy(error, asked_for),
            Err(error) => Attempt::Failed(error),
        }
    }

    async fn read(&self, response: Response) -> Result<Reply, Error> {
        let (status, version) = (response.status(), version(response.headers()));
        let body = response.bytes().await.map_err(|source| self.unreachable(source))?;
        if status == StatusCode::NO_CONTENT {
            return Ok(Reply { body: b"null".to_vec(), version });
        }
        if status.is_success() {
            return Ok(Reply { body: body.into(), version });
        }
        let problem = serde_json::from_slice::<Problem>(&body);
        Err(match problem {
            Ok(problem) => Problem { status: status.as_u16(), ..problem }.into(),
            Err(_) => Error::NotControl { url: self.url.clone(), status: status.as_u16() },
        })
    }

    fn unreachable(&self, source: reqwest::Error) -> Error {
        Error::Unreachable { url: self.url.clone(), source: source.without_url() }
    }
}

pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(Error::Unreadable)
}

/// Sent twice it does what it does once.
fn is_repeatable(request: &Request) -> bool {
    request.method() == Method::GET || request.headers().contains_key("Idempotency-Key")
}

fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// In seconds; control gives no dates.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// `ETag: "3"`
fn version(headers: &HeaderMap) -> Option<u64> {
    headers.get(ETAG)?.to_str().ok()?.trim_matches('"').parse().ok()
}
