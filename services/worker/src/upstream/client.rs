//! An HTTP client of one upstream, which keeps its connections.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, PROXY_AUTHORIZATION, USER_AGENT},
    response::Parts,
    uri::InvalidUri,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::{
        legacy::{self, Error},
        proxy::matcher::Matcher,
    },
    rt::{TokioExecutor, TokioTimer},
};
use uplion_protocol::Endpoint;

use super::{connector::Connector, decoding::Decoder, pulse::Pulse};

/// Shorter than servers keep an idle connection (uvicorn: 5 s), or calls would go out on connections that close.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    uris: Uris,
    headers: HeaderMap,
}

/// Where everything is, behind the base URL.
struct Uris {
    base: Uri,
    models: Uri,
    endpoints: Vec<(Endpoint, Uri)>,
}

pub struct HttpResponse {
    head: Parts,
    body: Incoming,
    /// Told of each part of the body.
    pulse: Option<Pulse>,
    decoder: Decoder,
    /// Whether the body is over.
    ended: bool,
    /// What was read already, and is to be read once more.
    unread: Option<Bytes>,
}

/// Why a body has no end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the connection broke off")]
    Broken(#[from] hyper::Error),
    #[error("the compressed body cannot be decoded")]
    Undecodable(#[from] std::io::Error),
}

impl Client {
    /// Sends `headers` with each call, through the proxy that the environment names for such URLs, if any.
    pub fn new(base_url: &str, headers: HeaderMap) -> anyhow::Result<Self> {
        Self::through(&Matcher::from_env(), base_url, headers)
    }

    fn through(proxies: &Matcher, base_url: &str, mut headers: HeaderMap) -> anyhow::Result<Self> {
        let uris = uris(base_url).with_context(|| format!("upstream URL {base_url}"))?;
        let (connector, authorization) = Connector::new(&uris.base, proxies)?;
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let name = HeaderValue::from_static(concat!("uplion/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, name);
        headers.extend(authorization.map(|authorization| (PROXY_AUTHORIZATION, authorization)));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { http, uris, headers })
    }

    pub async fn post(&self, endpoint: Endpoint, body: Bytes) -> Result<HttpResponse, Error> {
        self.send(Method::POST, self.uri(endpoint), body).await
    }

    /// The list of models.
    pub async fn models(&self) -> Result<HttpResponse, Error> {
        self.send(Method::GET, self.uris.models.clone(), Bytes::new()).await
    }

    async fn send(&self, method: Method, uri: Uri, body: Bytes) -> Result<HttpResponse, Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().clone_from(&self.headers);
        let (head, body) = self.http.request(request).await?.into_parts();
        let decoder = Decoder::new(&head.headers);
        Ok(HttpResponse { head, body, decoder, ended: false, unread: None, pulse: None })
    }

    fn uri(&self, endpoint: Endpoint) -> Uri {
        let known = self.uris.endpoints.iter().find(|(known, _)| *known == endpoint);
        known.map(|(_, uri)| uri.clone()).expect("every endpoint has one")
    }
}

fn uris(base_url: &str) -> anyhow::Result<Uris> {
    let base = base_url.trim_end_matches('/');
    let uri: Uri = base.parse()?;
    ensure!(
        matches!(uri.scheme_str(), Some("http" | "https")),
        "it begins with neither http:// nor https://"
    );
    let at = |endpoint: Endpoint| format!("{base}{}", endpoint.upstream_path()).parse();
    let endpoints: Result<_, InvalidUri> =
        Endpoint::ALL.iter().map(|endpoint| Ok((*endpoint, at(*endpoint)?))).collect();
    Ok(Uris { models: format!("{base}/models").parse()?, endpoints: endpoints?, base: uri })
}

impl HttpResponse {
    /// Each of its bytes is a sign of life.
    pub fn with_pulse(self, pulse: Pulse) -> Self {
        Self { pulse: Some(pulse), ..self }
    }

    pub const fn status(&self) -> StatusCode {
        self.head.status
    }

    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The next bytes of the body, decoded; none at its end. Cancel-safe.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if let Some(unread) = self.unread.take() {
            return Ok(Some(unread));
        }
        while !self.ended {
            let frame = self.body.frame().await;
            if let (Some(Ok(_)), Some(pulse)) = (&frame, &self.pulse) {
                pulse.beat();
            }
            let bytes = if let Some(frame) = frame {
                // What is no data is a trailer, which says nothing here.
                self.decoder.feed(frame?.into_data().unwrap_or_default())?
            } else {
                self.ended = true;
                self.decoder.finish()?
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The next chunk is what was read of the body so far.
    pub fn unread(&mut self, bytes: Bytes) {
        self.unread = Some(bytes).filter(|bytes| !bytes.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };

    use super::*;

    /// What a proxy is request by a call to `url`; it answers with 503.
    async fn request_at_proxy(url: &'static str) -> Vec<String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxies = Matcher::builder().all(format!("http://me:secret@{address}")).build();
        let client = Client::through(&proxies, url, HeaderMap::new()).unwrap();
        let calling = tokio::spawn(async move {
            client.post(Endpoint::ChatCompletions, Bytes::from_static(b"{}")).await
        });
        let (socket, _) = listener.accept().await.unwrap();
        let mut lines = BufReader::new(socket).lines();
        let mut request = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty()) {
            request.push(line.to_lowercase());
        }
        let answer = b"HTTP/1.1 503 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        lines.into_inner().write_all(answer).await.unwrap();
        match calling.await.unwrap() {
            Ok(answer) => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
            Err(error) => assert!(error.is_connect()),
        }
        request
    }

    const AUTHORIZATION: &str = "proxy-authorization: basic bwu6c2vjcmv0";

    #[tokio::test]
    async fn a_proxy_is_told_the_whole_url_of_a_plain_upstream() {
        let request = request_at_proxy("http://upstream.test/v1/").await;
        assert_eq!(request[0], "post http://upstream.test/v1/chat/completions http/1.1");
        assert!(request.iter().any(|line| line == AUTHORIZATION), "{request:?}");
    }

    #[tokio::test]
    async fn an_encrypted_upstream_is_reached_through_a_tunnel() {
        let request = request_at_proxy("https://upstream.test/v1").await;
        assert_eq!(request[0], "connect upstream.test:443 http/1.1");
        assert!(request.iter().any(|line| line == AUTHORIZATION), "{request:?}");
    }
}
